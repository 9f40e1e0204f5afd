"""From the address of a RCPT TO to accounts: aliases, groups, catch-all, subaddresses, the addresses of RFC 2142.

An address is looked up as it stands, then without its subaddress, then, for the roles every domain must have, at the
account that answers for the domain, then as the domain's catch-all; the first that exists decides. A role that leads to
nobody who can take mail is answered by an administrator: the domain's oldest, else the installation's. Quota is decided
here: after 250 mail is delivered, over quota too. A group is refused for its members only when none of them can take
mail; a member over its quota gets it then, since nobody could tell the sender that one copy was lost. An alias may lead
to addresses of other servers, which have their copies by the queue; nobody else's mail goes there. A rewritten reverse
path of ours leads back to whose it was.

What leads to many is walked in pieces, each a read of its own of about a millisecond, and the loop has a turn between
two: an alias and its targets are then not of one moment, no more than they would be to two messages.
"""

import asyncio
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
PIECE: Final = 25  # addresses looked at in one read: two to six statements each, 7 µs a statement

_ACCEPTED: Final = Verdict(Action.ACCEPT, reply.RECIPIENT_OK)
_OUTSIDE: Final = Verdict(Action.REJECT, reply.RELAY_DENIED, Reason.RELAY_DENIED)


class _Found(msgspec.Struct):
    """What has been collected for one recipient."""

    accounts: dict[int, AccountRow] = msgspec.field(default_factory=dict)
    targets: list[Target] = msgspec.field(default_factory=list)  # of accounts that take mail
    outside: dict[str, Address] = msgspec.field(default_factory=dict)  # of other servers
    is_too_much: bool = False

    def add(self, account: AccountRow) -> None:
        """Once, however many addresses lead to it."""
        if account.account not in self.accounts:
            self.accounts[account.account] = account
            if _is_active(account):
                self.targets.append(Target(account.account, Address.parse(account.address)))

    @classmethod
    def one(cls, account: AccountRow) -> "_Found":
        """Nobody else."""
        found = cls()
        found.add(account)
        return found


class _Walk(msgspec.Struct, kw_only=True):
    """On the way from an address to all that it leads to, breadth first; ``waiting`` grows while it is walked."""

    recipient: Address
    start: Address
    size_bytes: int | None  # None: quota does not count
    is_return: bool = False
    found: _Found = msgspec.field(default_factory=_Found)
    waiting: list[str] = msgspec.field(default_factory=list)
    at: int = 0  # of ``waiting``: the next one
    seen: set[str] = msgspec.field(default_factory=set)
    hosted: dict[str, bool] = msgspec.field(default_factory=dict)

    def next(self) -> Address | None:
        """The start, then what waits."""
        if not self.seen:
            return self.start
        if self.at == len(self.waiting):
            return None
        self.at += 1
        return Address.parse(self.waiting[self.at - 1])


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

        Without ``has_quota`` a full mailbox takes it: reports about one's own mail. One read of the directory while
        it leads to few; none for a known account and a domain known not to be ours.
        """
        if (known := self._known) is not None:
            if (targets := known.targets(recipient.key)) is not None:
                return Resolution(recipient, _ACCEPTED, targets)
            if known.is_outside(recipient.domain.name) and not self._is_our_postmaster(recipient):
                return Resolution(recipient, _OUTSIDE)
        if self._rewriting is not None and is_rewritten(recipient):
            origin = await self._rewriting.restored(recipient)
            if origin is not None:
                return await self._walked(await self._store.read(self._returned(recipient, origin)))
        return await self._walked(await self._store.read(self._resolve(recipient, size_bytes if has_quota else None)))

    async def _walked(self, so_far: "Resolution | _Walk") -> Resolution:
        while isinstance(so_far, _Walk):
            await asyncio.sleep(0)
            so_far = await self._store.read(self._go_on(so_far))
        return so_far

    def _returned(self, recipient: Address, origin: Address) -> Query["Resolution | _Walk"]:
        """A report to a reverse path that we have rewritten."""
        if not (yield from _is_hosted(recipient.domain.name)):
            return Resolution(recipient, _OUTSIDE)
        if (yield from _is_hosted(origin.domain.name)):
            found = yield from self._resolve(origin, None)
            if isinstance(found, _Walk):
                found.is_return = True
                return found
            return msgspec.structs.replace(found, is_return=True)
        return Resolution(recipient, _ACCEPTED, outside=(origin,), is_return=True)

    def _resolve(self, recipient: Address, size_bytes: int | None) -> Query["Resolution | _Walk"]:
        account = yield from sql.account_by_address(recipient.key)
        if account is not None and account.status is AccountStatus.ACTIVE:  # nearly all, by one statement
            resolution = _resolution(recipient, _Found.one(account), size_bytes)
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
        return (yield from self._go_on(_Walk(recipient=recipient, start=start, size_bytes=size_bytes)))

    def _go_on(self, walk: _Walk) -> Query["Resolution | _Walk"]:
        """One piece of the way; the walk itself while there is more of it."""
        for _ in range(PIECE):
            address = walk.next()
            if address is None or walk.found.is_too_much:
                return (yield from self._end(walk))
            yield from self._step(walk, address)
        return walk

    def _end(self, walk: _Walk) -> Query[Resolution]:
        found, start = walk.found, walk.start
        if self._is_role(start) and not found.outside and not found.targets:
            admin = yield from _administrator(start.domain.name)
            found = found if admin is None else _Found.one(admin)
        return msgspec.structs.replace(_resolution(walk.recipient, found, walk.size_bytes), is_return=walk.is_return)

    def _step(self, walk: _Walk, address: Address) -> Query[None]:
        """Each address once, so a loop of aliases just ends."""
        if address.key in walk.seen:
            return
        walk.seen.add(address.key)
        found, domain = walk.found, address.domain.name
        if address is not walk.start and domain not in walk.hosted:
            walk.hosted[domain] = yield from _is_hosted(domain)
        if address is not walk.start and not walk.hosted[domain]:
            found.outside[address.key] = address
        elif (row := (yield from self._find(address))) is None:
            return
        elif row.account is not None:
            account = yield from sql.account_by_id(row.account)
            if account is not None and account.status is not AccountStatus.REMOVED:
                found.add(account)
        else:
            walk.waiting += row.targets
        is_many = len(found.accounts) + len(found.outside) > TARGETS_MAX
        found.is_too_much = is_many or len(walk.waiting) > LOOKUPS_MAX

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
    return Resolution(recipient, verdict, tuple(found.targets), outside=tuple(found.outside.values()))


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
