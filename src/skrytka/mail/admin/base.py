"""What all parts of Admin share: names parsed once, events with their actor, units."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from skrytka.mail.admin.dkim_deps import DkimDeps
from skrytka.mail.admin.dns_deps import DnsDeps
from skrytka.mail.identity.outside import Outside
from skrytka.mail.identity.passwords import Passwords
from skrytka.mail.identity.policy import PasswordPolicy
from skrytka.model.address import LOCAL_PART_MAX, Address, AddressError, Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import DirectoryChanged, Emitter
from skrytka.model.ids import UnitId, new_unit
from skrytka.model.settings import Approvals, DirectoryRole, Provider
from skrytka.store.api import Store
from skrytka.store.rows import AccountRow, AccountStatus
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import directory as sql


class LockTold(Protocol):
    """Who tells administrators of an account that is locked."""

    async def locked(self, address: Address, actor: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminDeps:
    """What administration works with; made by the composition root."""

    store: Store
    keys: KeySource
    passwords: Passwords
    events: Emitter
    clock: Clock
    random: Random
    quota_bytes: int = 0  # of new accounts
    hostname: str = ""
    dkim: DkimDeps | None = None  # None: no keys are made here
    dns: DnsDeps | None = None
    is_demo: bool = False
    policy: PasswordPolicy | None = None  # of passwords that are given; None: every one is taken
    alerts: LockTold | None = None  # None: nobody is told by mail
    trusted: Callable[[str], None] = lambda _key: None  # hears of accounts that are their owners' (Address.key)
    outside: Outside | None = None  # None: everybody is known here
    outside_roles: tuple[DirectoryRole, ...] = ()
    providers: tuple[Provider, ...] = ()  # of other houses, by which people sign in
    gone_percent: int = 20  # of the directory's accounts; more at once are no leavers
    approvals: Callable[[], Approvals] = Approvals  # settings of now
    separator: str = "+"  # of subaddresses


class AdminPart:
    """Base of the parts."""

    def __init__(self, deps: AdminDeps) -> None:
        self._deps = deps

    def _unit(self) -> UnitId:
        return new_unit(self._deps.clock, self._deps.random)

    def _changed(self, actor: str, action: str, what: str) -> None:
        self._deps.events.emit(DirectoryChanged(actor=actor, action=action, object=what))

    def changed(self, actor: str, action: str, what: str) -> None:
        """An event of something that was done beside the directory."""
        self._changed(actor, action, what)

    async def _account(self, address: str) -> AccountRow:
        """The account of that address; PermanentError(NO_SUCH_USER) names it."""
        key = parse_address(address).key
        row = await self._deps.store.read(sql.account_by_address(key))
        if row is None or row.status is AccountStatus.REMOVED:
            raise PermanentError(Reason.NO_SUCH_USER, f"there is no account {key}")
        return row

    async def _hosted(self, name: str) -> None:
        if await self._deps.store.read(sql.domain_by_name(name)) is None:
            raise PermanentError(Reason.NO_SUCH_DOMAIN, f"{name} is not a domain of this server")


def parse_address(text: str) -> Address:
    """One that can be an account or alias here; PermanentError(BAD_SYNTAX) says what is wrong."""
    try:
        address = Address.parse(text)
    except AddressError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, f"{text!r}: {exc}") from exc
    if len(address.local.encode()) > LOCAL_PART_MAX:
        raise PermanentError(Reason.BAD_SYNTAX, f"{text!r}: the part before the @ has {LOCAL_PART_MAX} octets at most")
    parse_domain(address.domain.name)
    return address


def parse_domain(text: str) -> Domain:
    """A domain that can have accounts; PermanentError(BAD_SYNTAX) says what is wrong."""
    try:
        domain = Domain.parse(text.removesuffix("."))
    except AddressError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, f"{text!r}: {exc}") from exc
    if domain.is_literal:
        raise PermanentError(Reason.BAD_SYNTAX, f"{text!r}: an address literal is no domain to host")
    return domain
