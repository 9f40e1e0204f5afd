"""People of an outside directory (LDAP, Active Directory): found by a search, proven by a bind with their password.

Their accounts are ordinary ones whose verifier names the entry instead of a hash. Passwords of these go through to the
directory, behind the same limits as all; what was right is remembered for minutes like a hash. When the directory is
down they wait (TransientError, which counts against nobody); accounts with a password here do not notice.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from skrytka.mail.identity.outside_groups import ListedGroups, Member, in_groups
from skrytka.mail.identity.passwords import NOBODY, THREADS, Check, Cost, Passwords, prepare
from skrytka.model.address import Address, AddressError
from skrytka.model.clock import Random
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.model.settings import OutsideDirectory
from skrytka.net.ldap import Ldap, LdapConnection
from skrytka.protocol.ldap.filters import Filter, parse_filter
from skrytka.protocol.ldap.messages import Entry

OUTSIDE: Final = "$ldap$"  # before the DN of an entry, where a hash would stand
ADDRESS_PLACE: Final = "address"
DN_MAX: Final = 2048  # characters; it is kept with the account, and read at each login
SLICE: Final = 20  # entries between two turns of the loop
_ANYTHING: Final = parse_filter("(objectClass=*)")
# Whoever reads their mail speaks for the domain, to authorities of certificates too (CA/B Forum BR 3.2.2.4.4, RFC 2142)
SPEAKING: Final = frozenset(
    {"abuse", "admin", "administrator", "hostmaster", "postmaster", "root", "security", "webmaster"}
)


def may_be_made(address: Address, separator: str) -> bool:
    """Whether a login may make the account: many may write what their address is.

    Not a name that speaks for the domain, nor one to which mail of somebody else's subaddress goes; a sync, or an
    administrator, makes these.
    """
    local = address.key.partition("@")[0]
    return local not in SPEAKING and not (separator and separator in local)


class OutsidePerson(NamedTuple):
    """Somebody whom the directory knows."""

    dn: str
    address: Address
    groups: tuple[str, ...]  # DNs, in lower case


class Provision(Protocol):
    """Makes the account of somebody who has shown the right password for the first time."""

    async def __call__(self, person: OutsidePerson) -> None: ...


class Refresh(Protocol):
    """Brings roles into line with the groups of now, of somebody whose password was right just now; it may not fail."""

    async def __call__(self, account: AccountId, dn: str) -> None: ...


class Outside:
    """One directory. TransientError when it cannot be asked."""

    def __init__(self, ldap: Ldap, settings: OutsideDirectory, password: Callable[[], Secret]) -> None:
        """``password`` is that of ``bind_dn``, read anew for each search; filters are checked with the settings."""
        self._ldap = ldap
        self._settings = settings
        self._password = password
        self._one: Filter = parse_filter(settings.filter)
        self._all: Filter = parse_filter(settings.sync_filter)
        self._listed = ListedGroups(settings)
        self._domains = frozenset(name.lower() for name in settings.domains)

    @property
    def remember_s(self) -> float:
        """How long a password that was right is believed without asking."""
        return float(self._settings.remember_s)

    def is_of(self, address: Address) -> bool:
        """Whether people of that domain come from the directory."""
        return address.domain.name in self._domains

    async def find(self, address: Address) -> OutsidePerson | None:
        """Who has that address, and nobody else."""
        async with self._ldap.connected() as conn:
            entries = await self._search(conn, self._one, {ADDRESS_PLACE: address.key}, entries_max=2)
            person = self._person(entries[0]) if len(entries) == 1 else None
            if person is None or person.address.key != address.key:
                return None
            return person._replace(groups=await self._groups(conn, entries[0]))

    async def groups_of(self, dn: str) -> tuple[str, ...] | None:
        """DNs of the groups of that entry, in lower case; None where there is no such entry."""
        async with self._ldap.connected() as conn:
            await self._bind(conn)
            attributes = (self._settings.group_attribute, self._settings.name_attribute)
            entries = await conn.search(dn, _ANYTHING, {}, attributes, entries_max=1, is_base=True)
            return await self._groups(conn, entries[0]) if entries else None

    async def everybody(self) -> Sequence[OutsidePerson]:
        """All whose address is of one of the domains, by address; several may have one address."""
        async with self._ldap.connected() as conn:
            entries = await self._search(conn, self._all, {}, entries_max=self._settings.entries_max)
            members = await self._listed.members(conn)
        found: list[OutsidePerson] = []
        for number, entry in enumerate(entries):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            if (person := self._person(entry)) is not None:
                groups = (*person.groups, *in_groups(members, self._member(entry)))
                found.append(person._replace(groups=groups))
        return sorted(found, key=lambda person: (person.address.key, person.dn))

    async def is_right(self, dn: str, password: Secret) -> bool:
        """Whether the directory takes the password for that entry.

        What cannot be a password here is none there: a server that ends it at a NUL may see an empty one, and an empty
        one opens everything (RFC 4513 5.1.2).
        """
        if prepare(password) is None:
            return False
        async with self._ldap.connected() as conn:
            return await conn.bind(dn, password)

    async def _search(
        self, conn: LdapConnection, filter_: Filter, values: dict[str, str], *, entries_max: int
    ) -> list[Entry]:
        settings = self._settings
        await self._bind(conn)
        attributes = (settings.address_attribute, settings.group_attribute, settings.name_attribute)
        return await conn.search(settings.base, filter_, values, attributes, entries_max=entries_max)

    async def _bind(self, conn: LdapConnection) -> None:
        who = self._settings.bind_dn
        if who and not await conn.bind(who, self._password()):
            raise TransientError(Reason.BAD_CONFIG, f"the directory does not take the password of {who}")

    async def _groups(self, conn: LdapConnection, entry: Entry) -> tuple[str, ...]:
        own = (group.lower() for group in entry.all(self._settings.group_attribute))
        return (*own, *await self._listed.of(conn, self._member(entry)))

    def _member(self, entry: Entry) -> Member:
        return Member(entry.dn, entry.first(self._settings.name_attribute))

    def _person(self, entry: Entry) -> OutsidePerson | None:
        try:
            address = Address.parse(entry.first(self._settings.address_attribute))
        except AddressError:
            return None
        if not self.is_of(address) or len(entry.dn) > DN_MAX:
            return None
        groups = tuple(group.lower() for group in entry.all(self._settings.group_attribute))
        return OutsidePerson(entry.dn, address, groups)


class OutsidePasswords(Passwords):
    """Passwords of this server, and those that the directory knows."""

    def __init__(
        self, outside: Outside, pepper: Secret, random: Random, *, cost: Cost | None = None, threads: int = THREADS
    ) -> None:
        super().__init__(pepper, random, cost=cost, threads=threads)
        self._outside = outside
        self.provision: Provision | None = None  # set by the composition
        self.refresh: Refresh | None = None  # likewise
        self.separator = "+"  # likewise

    async def verify(self, account: AccountId, password: Secret, stored: str | None) -> Check:
        """As Passwords, for entries of the directory by a bind."""
        if stored is None or not stored.startswith(OUTSIDE):
            return await super().verify(account, password, stored)
        dn = stored.removeprefix(OUTSIDE)
        is_right = await self._outside.is_right(dn, password)
        if not is_right:  # a wrong one costs a hash, as it does for who has no account
            await super().verify(NOBODY, password, None)
        elif self.refresh is not None:
            await self.refresh(account, dn)
        return Check(is_right)

    def keep_s(self, stored: str) -> float | None:
        """As Passwords; one of the directory may be another there by now, and nobody tells us."""
        return self._outside.remember_s if stored.startswith(OUTSIDE) else None

    async def introduce(self, address: Address, password: Secret) -> bool:
        """Whether somebody without an account here is known there by this password: then he has one from now on.

        Not under every name: :func:`may_be_made`.
        """
        if self.provision is None or not self._outside.is_of(address) or not may_be_made(address, self.separator):
            return False
        person = await self._outside.find(address)
        if person is None or not await self._outside.is_right(person.dn, password):
            return False
        await self.provision(person)
        return True
