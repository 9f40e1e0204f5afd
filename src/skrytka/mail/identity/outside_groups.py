"""Groups of a directory that list their members and are not named by these: who is in those that give roles.

Only groups that the settings name are asked for, each by its DN: a company has thousands of others. Groups inside
groups are not followed.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from skrytka.model.settings import OutsideDirectory
from skrytka.net.ldap import LdapConnection
from skrytka.protocol.ldap.filters import Filter, parse_filter
from skrytka.protocol.ldap.messages import NO_ATTRIBUTES

NAMING: Final = frozenset({"memberuid"})  # RFC 2307: a name, where the others have a DN
SLICE: Final = 200  # members between two turns of the loop
_ANYTHING: Final = parse_filter("(objectClass=*)")
_SIGNS = re.compile(r"([,=+])")  # blanks are cut off behind it: an expression for them takes the square of their number


class Member(NamedTuple):
    """Somebody, as groups call him."""

    dn: str
    name: str  # "" where he has none


class ListedGroups:
    """As the settings have them."""

    def __init__(self, settings: OutsideDirectory) -> None:
        self._attributes = settings.member_attributes
        self._groups = tuple(dict.fromkeys(one.group for one in settings.roles)) if self._attributes else ()

    def __bool__(self) -> bool:
        return bool(self._groups)

    async def of(self, conn: LdapConnection, member: Member) -> tuple[str, ...]:
        """DNs in lower case. The server compares, so nobody's list of members is carried here."""
        filter_, found = self._filter(member), []
        if filter_ is None:
            return ()
        for group in self._groups:
            values = {"dn": member.dn, "name": member.name}
            if await conn.search(group, filter_, values, NO_ATTRIBUTES, entries_max=1, is_base=True):
                found.append(group.lower())
        return tuple(found)

    async def members(self, conn: LdapConnection) -> Mapping[str, frozenset[str]]:
        """Of each group, by its DN in lower case, for when all people are looked at."""
        found: dict[str, frozenset[str]] = {}
        for group in self._groups:
            entries = await conn.search(group, _ANYTHING, {}, self._attributes, entries_max=1, is_base=True)
            values, names = (value for entry in entries for one in self._attributes for value in entry.all(one)), set()
            for number, value in enumerate(values):
                names.add(key_of(value))
                if number % SLICE == 0:
                    await asyncio.sleep(0)
            found[group.lower()] = frozenset(names)
        return found

    def _filter(self, member: Member) -> Filter | None:
        parts = [
            f"({one}={{{'name' if one.lower() in NAMING else 'dn'}}})"
            for one in self._attributes
            if member.name or one.lower() not in NAMING
        ]
        return parse_filter(f"(|{''.join(parts)})") if parts else None


def in_groups(members: Mapping[str, frozenset[str]], member: Member) -> tuple[str, ...]:
    """DNs of those that list him."""
    keys = {key_of(member.dn), key_of(member.name)} - {""}
    return tuple(group for group, listed in members.items() if listed & keys)


def key_of(text: str) -> str:
    """A DN or a name for comparison: blanks around its signs and case do not count (RFC 4517 4.2.15)."""
    return "".join(part.strip() for part in _SIGNS.split(text.lower()))
