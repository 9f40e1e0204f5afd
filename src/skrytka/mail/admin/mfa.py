"""Rules who has to have a second factor: for a role, a domain or an account."""

from collections.abc import Sequence
from typing import Final

from skrytka.mail.admin.base import AdminPart, parse_address, parse_domain
from skrytka.mail.admin.types import RuleInfo
from skrytka.mail.identity.duty import ROLES, is_administrator, roles_of
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MfaRuleChanged
from skrytka.store.commands.factors import DropMfaRule, PutMfaRule
from skrytka.store.factor_rows import RuleRow, RuleScope
from skrytka.store.sql import access
from skrytka.store.sql import factors as sql

ROLE_PREFIX: Final = "role:"
DAY_MS: Final = 86_400_000
REQUIRED, EXEMPT, NONE = "required", "exempt", ""


class MfaRules(AdminPart):
    """Part of Admin. A target is ``role:NAME``, a domain, or the address of an account."""

    async def list(self) -> Sequence[RuleInfo]:
        """By scope and subject."""
        return [_info(row) for row in await self._deps.store.read(sql.rules())]

    async def require(self, target: str, grace_days: int, actor: str) -> RuleInfo:
        """From so many days on nothing opens without; whoever comes later has as many days."""
        scope, subject = await self._target(target)
        before = await self._before(scope, subject)
        command = PutMfaRule(
            unit=self._unit(), scope=scope, subject=subject, is_required=True, grace_ms=grace_days * DAY_MS
        )
        await self._deps.store.submit(command)
        self._deps.events.emit(
            MfaRuleChanged(
                actor=actor, scope=scope.value, subject=subject, before=before, after=REQUIRED, grace_days=grace_days
            )
        )
        return await self._one(scope, subject)

    async def exempt(self, address: str, days: int, reason: str, actor: str) -> RuleInfo:
        """Nothing is demanded of the account for so many days; NOT_PERMITTED for who has a role, himself included."""
        row = await self._account(address)
        if is_administrator(roles_of(await self._deps.store.read(access.grants(row.account)), is_admin=row.is_admin)):
            said = f"{row.address} is an administrator: of them a second factor is always demanded"
            raise PermanentError(Reason.NOT_PERMITTED, said)
        before = await self._before(RuleScope.ACCOUNT, row.address)
        until_ms = self._deps.clock.now_ms() + days * DAY_MS
        command = PutMfaRule(
            unit=self._unit(), scope=RuleScope.ACCOUNT, subject=row.address, is_required=False, until_ms=until_ms
        )
        await self._deps.store.submit(command)
        self._deps.events.emit(
            MfaRuleChanged(
                actor=actor,
                scope=RuleScope.ACCOUNT.value,
                subject=row.address,
                before=before,
                after=EXEMPT,
                until_ms=until_ms,
                reason=reason,
            )
        )
        return await self._one(RuleScope.ACCOUNT, row.address)

    async def drop(self, target: str, actor: str) -> RuleInfo:
        """The rule as it was; what is demanded of an administrator on the web is no rule and stays."""
        scope, subject = await self._target(target)
        found = await self._one(scope, subject)
        await self._deps.store.submit(DropMfaRule(unit=self._unit(), scope=scope, subject=subject))
        before = REQUIRED if found.is_required else EXEMPT
        self._deps.events.emit(
            MfaRuleChanged(actor=actor, scope=scope.value, subject=subject, before=before, after=NONE)
        )
        return found

    async def _target(self, target: str) -> tuple[RuleScope, str]:
        """PermanentError for what is not there."""
        if target.startswith(ROLE_PREFIX):
            role = target.removeprefix(ROLE_PREFIX)
            if role not in ROLES:
                known = ", ".join(ROLE_PREFIX + each for each in ROLES)
                raise PermanentError(Reason.BAD_SYNTAX, f"{target!r}: rules are for {known}")
            return RuleScope.ROLE, role
        if "@" in target:
            return RuleScope.ACCOUNT, (await self._account(parse_address(target).key)).address
        domain = parse_domain(target).name
        await self._hosted(domain)
        return RuleScope.DOMAIN, domain

    async def _before(self, scope: RuleScope, subject: str) -> str:
        rows = [row for row in await self._deps.store.read(sql.rules()) if (row.scope, row.subject) == (scope, subject)]
        return (REQUIRED if rows[0].is_required else EXEMPT) if rows else NONE

    async def _one(self, scope: RuleScope, subject: str) -> RuleInfo:
        for row in await self._deps.store.read(sql.rules()):
            if (row.scope, row.subject) == (scope, subject):
                return _info(row)
        raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no rule for {subject}")


def _info(row: RuleRow) -> RuleInfo:
    return RuleInfo(
        scope=row.scope.value,
        subject=row.subject,
        is_required=row.is_required,
        grace_days=row.grace_ms // DAY_MS,
        until_at_ms=row.until_ms,
        created_at_ms=row.created_at_ms,
    )
