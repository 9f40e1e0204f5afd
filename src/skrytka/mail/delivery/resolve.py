"""From the address of a RCPT TO to accounts: aliases, groups, catch-all, subaddresses, the addresses of RFC 2142.

An address is looked up as it stands, then without its subaddress, then, for the roles every domain must have, at the
account that answers for the domain, then as the domain's catch-all; the first that exists decides. A role that leads to
nobody who can take mail is answered by an administrator: the domain's oldest, else the installation's. Quota is decided
here: after 250 mail is delivered, over quota too. A group is refused for its members only when none of them can take
mail; a member over its quota gets it then, since nobody could tell the sender that one copy was lost. An alias may lead
to addresses of other servers, which have their copies by the queue; nobody else's mail goes there. A rewritten reverse
path of ours leads back to whose it was.
"""

from typing import Final

import msgspec

from skrytka.mail.delivery.known import KnownAccounts
from skrytka.mail.delivery.types import Resolution, Target
from skrytka.mail.outbox.rewriting import Rewriting
from skrytka.model import reply
from skrytka.model.address import Address, Domain
from skrytka.model.errors import Reason
from skrytka.model.reply import Reply
from skrytka.model.verdict import Action, Verdict
from skrytka.protocol.mailauth.srs import is_rewritten
from skrytka.store.api import Store
from skrytka.store.rows import AccountRow, AccountStatus, AddressRow
from skrytka.store.sql import directory as sql
from skrytka.store.statement import Query

ROLES: Final = frozenset({"postmaster", "abuse", "hostmaster", "security"})  # RFC 5321 4.5.1, RFC 2142 4 and 5
POSTMASTER: Final = "postmaster"
TARGETS_MAX: Final = 1000  # accounts that one address may lead to
LOOKUPS_MAX: Final = 5000  # addresses looked at to find them

_ACCEPTED: Final = Verdict(Action.ACCEPT, reply.RECIPIENT_OK)
_OUTSIDE: Final = Verdict(Action.REJECT, reply.RELAY_DENIED, Reason.RELAY_DENIED)


class _Found(msgspec.Struct):
    """What has been collected for one recipient."""

    accounts: dict[int, AccountRow] = msgspec.field(default_factory=dict)
    seen: set[str] = msgspec.field(default_factory=set)
    outside: dict[str, Address] = msgspec.field(default_factory=dict)  # of other servers
    is_too_much: bool = False


class Directory:
    """Answers for recipients. ``hostname`` is where a bare ``<postmaster>`` is taken to be (RFC 5321 4.1.1.3)."""

    def __init__(
        self,
        store: Store,
        *,
        hostname: str,
        separator: str = "+",
        known: KnownAccounts | None = None,
        rewriting: Rewriting | None = None,
    ) -> None:
        self._store = store
        self._rewriting = rewriting
        self._known = known
        self._hostname = Domain.parse(hostname)
        self._separator = separator

    async def resolve(self, recipient: Address, *, size_bytes: int = 0, has_quota: bool = True) -> Resolution:
        """Who gets mail for it, or the refusal; ``size_bytes`` is what SIZE declared, 0 when unknown.

        Without ``has_quota`` a full mailbox takes it: reports about one's own mail. One read of the directory, so an
        alias and its targets are of one moment; none for a known account and a domain known not to be ours.
        """
        if (known := self._known) is not None:
            if (targets := known.targets(recipient.key)) is not None:
                return Resolution(recipient, _ACCEPTED, targets)
            if known.is_outside(recipient.domain.name) and not self._is_our_postmaster(recipient):
                return Resolution(recipient, _OUTSIDE)
        if self._rewriting is not None and is_rewritten(recipient):
            origin = await self._rewriting.restored(recipient)
            if origin is not None:
                return await self._store.read(self._returned(recipient, origin))
        return await self._store.read(self._resolve(recipient, size_bytes if has_quota else None))

    def _returned(self, recipient: Address, origin: Address) -> Query[Resolution]:
        """A report to a reverse path that we have rewritten."""
        if not (yield from _is_hosted(recipient.domain.name)):
            return Resolution(recipient, _OUTSIDE)
        if (yield from _is_hosted(origin.domain.name)):
            found = yield from self._resolve(origin, None)
            return msgspec.structs.replace(found, is_return=True)
        return Resolution(recipient, _ACCEPTED, outside=(origin,), is_return=True)

    def _resolve(self, recipient: Address, size_bytes: int | None) -> Query[Resolution]:
        account = yield from sql.account_by_address(recipient.key)
        if account is not None and account.status is AccountStatus.ACTIVE:  # nearly all, by one statement
            resolution = _resolution(recipient, _Found({account.account: account}), size_bytes)
            if self._known is not None and not account.quota_bytes:
                self._known.keep(recipient.key, resolution.targets)
            return resolution
        start = recipient
        if not (yield from _is_hosted(recipient.domain.name)):
            if not self._is_our_postmaster(recipient):
                if self._known is not None:
                    self._known.keep_outside(recipient.domain.name)
                return Resolution(recipient, _OUTSIDE)
            home = yield from self._home()
            if home is None:
                return Resolution(recipient, _refusal(Action.REJECT, reply.NO_SUCH_USER, Reason.NO_SUCH_USER))
            start = Address(POSTMASTER, Domain(home))
        found = _Found()
        yield from self._expand(start, found)
        if self._is_role(start) and not found.outside and not any(map(_is_active, found.accounts.values())):
            admin = yield from _administrator(start.domain.name)
            found = found if admin is None else _Found({admin.account: admin})
        return _resolution(recipient, found, size_bytes)

    def _expand(self, start: Address, found: _Found) -> Query[None]:
        """Follow aliases breadth first; each address once, so a loop just ends."""
        waiting = [start]
        for address in waiting:  # grows while it is walked
            if address.key in found.seen:
                continue
            found.seen.add(address.key)
            if address is not start and not (yield from _is_hosted(address.domain.name)):
                found.outside[address.key] = address
            elif (row := (yield from self._find(address))) is None:
                continue
            elif row.account is not None:
                account = yield from sql.account_by_id(row.account)
                if account is not None and account.status is not AccountStatus.REMOVED:
                    found.accounts[account.account] = account
            else:
                waiting += [Address.parse(target) for target in row.targets]
            if len(found.accounts) + len(found.outside) > TARGETS_MAX or len(waiting) > LOOKUPS_MAX:
                found.is_too_much = True
                return

    def _find(self, address: Address) -> Query[AddressRow | None]:
        row = yield from sql.address(address.key)
        if row is not None:
            return row
        base = self._base(address)
        if base is not None and (row := (yield from sql.address(base.key))):
            return row
        if self._is_role(address) and (row := (yield from self._responsible(address.domain.name))):
            return row
        return (yield from sql.address(f"@{address.domain.name}"))

    def _is_our_postmaster(self, address: Address) -> bool:
        return address.domain == self._hostname and address.local.lower() == POSTMASTER

    def _is_role(self, address: Address) -> bool:
        return (self._base(address) or address).local.lower() in ROLES

    def _responsible(self, domain: str) -> Query[AddressRow | None]:
        """Who answers for a domain that has no such address: its postmaster, that of our own domain, an admin."""
        row = yield from sql.address(f"{POSTMASTER}@{domain}")
        if row is None and (home := (yield from self._home())) is not None and home != domain:
            row = yield from sql.address(f"{POSTMASTER}@{home}")
        if row is None and (admin := (yield from _administrator(domain))) is not None:
            row = yield from sql.address(admin.address)
        return row

    def _home(self) -> Query[str | None]:
        """The hosted domain that our host name lies in, else the one we have had longest."""
        name = self._hostname.name
        while "." in name:
            if (yield from _is_hosted(name)):
                return name
            name = name.partition(".")[2]
        rows = yield from sql.domains()
        return min(rows, key=lambda row: row.domain).name if rows else None

    def _base(self, address: Address) -> Address | None:
        """``user@domain`` of ``user+detail@domain`` (RFC 5233 1); None when there is no detail."""
        if not self._separator:
            return None
        base, found, _detail = address.local.partition(self._separator)
        return Address(base, address.domain) if found and base else None


def _administrator(domain: str) -> Query[AccountRow | None]:
    """The oldest active one of the domain, else of the installation."""
    admins = yield from sql.admins()
    own = [admin for admin in admins if admin.address.rpartition("@")[2] == domain]
    return next(iter(own or admins), None)


def _is_hosted(domain: str) -> Query[bool]:
    return (yield from sql.domain_by_name(domain)) is not None


def _resolution(recipient: Address, found: _Found, size_bytes: int | None) -> Resolution:
    verdict = _verdict(found, size_bytes)
    if not verdict.reply.is_positive:
        return Resolution(recipient, verdict)
    targets = tuple(
        Target(row.account, Address.parse(row.address)) for row in found.accounts.values() if _is_active(row)
    )
    return Resolution(recipient, verdict, targets, outside=tuple(found.outside.values()))


def _is_active(row: AccountRow) -> bool:
    return row.status is AccountStatus.ACTIVE


def _verdict(found: _Found, size_bytes: int | None) -> Verdict:
    """``size_bytes`` None: quota does not count."""
    if found.is_too_much:  # the administrator can mend it while the sender waits
        return _refusal(Action.DEFER, reply.LOCAL_ERROR, Reason.TOO_MANY, f"more than {TARGETS_MAX} accounts")
    if found.outside:  # they have no quota; a member here that is over its own gets it with them
        return _ACCEPTED
    if not found.accounts:
        return _refusal(Action.REJECT, reply.NO_SUCH_USER, Reason.NO_SUCH_USER)
    active = [row for row in found.accounts.values() if _is_active(row)]
    if not active:
        return _refusal(Action.REJECT, reply.ACCOUNT_SUSPENDED, Reason.ACCOUNT_SUSPENDED)
    if size_bytes is None:
        return _ACCEPTED
    if all(row.quota_bytes and size_bytes > row.quota_bytes for row in active):
        return _refusal(Action.REJECT, reply.TOO_LARGE_FOR_MAILBOX, Reason.OVER_QUOTA)
    if all(_is_full(row, size_bytes) for row in active):
        return _refusal(Action.DEFER, reply.OVER_QUOTA, Reason.OVER_QUOTA)
    return _ACCEPTED


def _is_full(row: AccountRow, size_bytes: int) -> bool:
    """At its quota already, or beyond it with this message."""
    return bool(row.quota_bytes) and (
        row.used_bytes >= row.quota_bytes or row.used_bytes + size_bytes > row.quota_bytes
    )


def _refusal(action: Action, answer: Reply, reason: Reason, detail: str = "") -> Verdict:
    return Verdict(action, answer, reason, detail=detail)
