"""What takes two: somebody asks, with a reason; a second person with the right to decides; it is done once, soon.

An approval is for one command with the very arguments that were asked for, and for who asked. It is decided and used
within two days, or is nothing any more.
"""

from typing import Final

import msgspec

from skrytka.mail.identity.access_deps import AccessPart, mac, open_record, seal
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, id_text, parse_id
from skrytka.store.access_rows import ApprovalRow, ApprovalState
from skrytka.store.commands.access import AskApproval, DecideApproval, UseApproval
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.sql import access as sql

HOLDS_S: Final = 48 * 3600  # from when it was asked for: it is decided and used within
REASON_MIN: Final = 10
REASON_MAX: Final = 1000
_LABEL: Final = b"approval"


class Matter(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of an approval."""

    command: str
    args: str  # JSON, without secrets
    asked_by: str
    reason: str
    decided_by: str = ""
    decision: str = ""  # why


class ApprovalInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One that was asked for."""

    id: str
    command: str
    args: str
    asked_by: str
    reason: str
    state: str  # waiting, approved, refused, used, expired
    asked_at_ms: int
    expires_at_ms: int
    decided_by: str
    decision: str
    decided_at_ms: int | None


class Approvals(AccessPart):
    """Of all commands that take two."""

    async def ask(self, command: str, args: bytes, reason: str, actor: Actor) -> ApprovalInfo:
        """``args`` are the command's, encoded by :func:`skrytka.mail.admin.commands.run.args_text`."""
        account, keys, approval = _person(actor), await self._keys(), self._id()
        _check_reason(reason)
        matter = Matter(command, args.decode(), actor.name, reason)
        now_ms = self._deps.clock.now_ms()
        await self._deps.store.submit(
            AskApproval(
                unit=self._unit(),
                approval=approval,
                account=account,
                digest=_digest(keys, command, args),
                record=seal(keys, _LABEL, approval, matter),
                expires_at_ms=now_ms + HOLDS_S * 1000,
            )
        )
        return await self._get(approval)

    async def list(self) -> list[ApprovalInfo]:
        """The newest first."""
        keys = await self._keys()
        return [self._info(row, keys) for row in await self._deps.store.read(sql.approvals())]

    async def get(self, approval_id: str) -> ApprovalInfo:
        """NO_SUCH_OBJECT."""
        try:
            return await self._get(parse_id(approval_id))
        except ValueError:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such approval") from None

    async def decide(self, approval_id: str, reason: str, actor: Actor, *, is_approved: bool) -> ApprovalInfo:
        """NOT_PERMITTED for who asked, and when it is decided already."""
        account, info = _person(actor), await self.get(approval_id)
        _check_reason(reason)
        keys, approval = await self._keys(), parse_id(approval_id)
        matter = Matter(info.command, info.args, info.asked_by, info.reason, actor.name, reason)
        await self._deps.store.submit(
            DecideApproval(
                unit=self._unit(),
                approval=approval,
                by=account,
                state=ApprovalState.APPROVED if is_approved else ApprovalState.REFUSED,
                record=seal(keys, _LABEL, approval, matter),
            )
        )
        return await self._get(approval)

    async def use(self, command: str, args: bytes, actor: Actor) -> str:
        """Use up the approval for this; its id. PermanentError(APPROVAL_NEEDED) when there is none."""
        deps, digest = self._deps, _digest(await self._keys(), command, args)
        usable = sql.usable_approvals(_person(actor), digest, deps.clock.now_ms())
        for approval in await deps.store.read(usable):
            if await deps.store.submit(UseApproval(unit=self._unit(), approval=approval)):
                return id_text(approval)
        said = "that takes a second person: ask with POST /approvals, and do it again when it is approved"
        raise PermanentError(Reason.APPROVAL_NEEDED, said)

    async def _get(self, approval: bytes) -> ApprovalInfo:
        row = await self._deps.store.read(sql.approval(approval))
        if row is None:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such approval")
        return self._info(row, await self._keys())

    def _info(self, row: ApprovalRow, keys: AccountKeys) -> ApprovalInfo:
        matter = open_record(keys, _LABEL, row.approval, row.record, Matter)
        is_open = row.state in (ApprovalState.WAITING, ApprovalState.APPROVED)
        is_over = is_open and row.expires_at_ms <= self._deps.clock.now_ms()
        return ApprovalInfo(
            id=id_text(row.approval),
            command=matter.command,
            args=matter.args,
            asked_by=matter.asked_by,
            reason=matter.reason,
            state="expired" if is_over else row.state.value,
            asked_at_ms=row.asked_at_ms,
            expires_at_ms=row.expires_at_ms,
            decided_by=matter.decided_by,
            decision=matter.decision,
            decided_at_ms=row.decided_at_ms,
        )


def _digest(keys: AccountKeys, command: str, args: bytes) -> bytes:
    return mac(keys, _LABEL, command.encode() + b"\0" + args)


def _person(actor: Actor) -> AccountId:
    if actor.account is None or actor.limited_to is not None:
        raise PermanentError(Reason.NOT_PERMITTED, "only people ask and decide: log in with an account")
    return actor.account


def _check_reason(reason: str) -> None:
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise PermanentError(Reason.BAD_SYNTAX, f"a reason has {REASON_MIN} to {REASON_MAX} characters")
