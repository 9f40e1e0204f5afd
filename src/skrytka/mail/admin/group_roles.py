"""Roles that follow groups of somewhere else: those that the settings name come and go, others stay."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from skrytka.mail.identity.roles import Roles
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.errors import PermanentError
from skrytka.model.events import CommandDone, Emitter
from skrytka.model.ids import AccountId
from skrytka.model.settings import DirectoryRole

GIVEN: Final = "role.give"
TAKEN: Final = "role.take"
LEFT: Final = "role.left"  # it could not be done, and why


class RoleChange(msgspec.Struct, frozen=True):
    """One that was given or taken, or would be."""

    change: str  # role.give, role.take, role.left
    detail: str


class GroupRoles:
    """As one table of the settings has them."""

    def __init__(self, roles: Roles, table: Sequence[DirectoryRole], *, is_case_kept: bool = False) -> None:
        """``is_case_kept``: groups that differ in their case are two."""
        self._roles = roles
        self._is_case_kept = is_case_kept
        self._grants = tuple((self._key(one.group), Grant(AccessRole(one.role), one.domain)) for one in table)

    def __bool__(self) -> bool:
        return bool(self._grants)

    def wanted(self, groups: Iterable[str]) -> list[Grant]:
        """What members of these have."""
        found = {self._key(group) for group in groups}
        return _sorted(grant for group, grant in self._grants if group in found)

    def said(self, groups: Iterable[str]) -> list[RoleChange]:
        """What somebody gets who has nothing yet."""
        return [RoleChange(GIVEN, _said(grant)) for grant in self.wanted(groups)]

    async def align(self, account: AccountId, groups: Collection[str], *, is_dry: bool = False) -> list[RoleChange]:
        """What was different. One that cannot be given or taken keeps no other from being taken."""
        has, wanted = frozenset(await self._roles.of(account)), frozenset(self.wanted(groups))
        given, taken = wanted - has, (has & {grant for _group, grant in self._grants}) - wanted
        wants = [
            *((GIVEN, self._roles.give, grant) for grant in _sorted(given)),
            *((TAKEN, self._roles.take, grant) for grant in _sorted(taken)),
        ]
        found = []
        for change, do, grant in wants:
            try:
                if not is_dry:
                    await do(account, grant, LOCAL_ROOT)
                found.append(RoleChange(change, _said(grant)))
            except PermanentError as exc:
                found.append(RoleChange(LEFT, f"{_said(grant)}: {exc.detail or exc.reason.value}"))
        return found

    def _key(self, group: str) -> str:
        return group if self._is_case_kept else group.lower()


def tell(events: Emitter, actor: str, address: str, changes: Iterable[RoleChange]) -> None:
    """An event for each that was made."""
    for one in (each for each in changes if each.change != LEFT):
        was, now = ("", one.detail) if one.change == GIVEN else (one.detail, "")
        events.emit(CommandDone(actor=actor, action=one.change, object=address, before=was, after=now))


def _sorted(grants: Iterable[Grant]) -> list[Grant]:
    return sorted(set(grants), key=lambda grant: (grant.role.value, grant.domain or ""))


def _said(grant: Grant) -> str:
    return f"{grant.role.value} {grant.domain or 'everywhere'}"
