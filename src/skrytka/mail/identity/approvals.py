"""What takes two: somebody asks, with a reason; a second person with the right to decides; it is done once, soon.

An approval is for one command with the very arguments that were asked for, and for who asked. It is decided and used
within two days, or is nothing any more. Who decides is somebody else (``four_eyes``): his role is older than the
request, and neither has lately had a hand in how the other comes in. Local root may decide too.
"""

from typing import Final

import msgspec

from skrytka.mail.identity.access_deps import AccessDeps, AccessPart, mac, open_record, seal
from skrytka.mail.identity.four_eyes import Hands, Kind
from skrytka.mail.identity.permissions import ALLOWED, Permission
from skrytka.mail.identity.roles import grant_of
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, id_text, parse_id
from skrytka.store.access_rows import ApprovalRow, ApprovalState, GrantRow
from skrytka.store.commands.access import AskApproval, DecideApproval, ReturnApproval, UseApproval
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
    kind: str = Kind.ERASE.value  # of earlier releases: what took two then was removing an account


class ApprovalInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One that was asked for."""

    id: str
    command: str
    kind: str  # four_eyes.Kind: why it takes two
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

    def __init__(self, deps: AccessDeps, hands: Hands) -> None:
        super().__init__(deps)
        self._hands = hands

    async def ask(self, command: str, kind: Kind, args: bytes, reason: str, actor: Actor) -> ApprovalInfo:
        """``args`` are the command's, encoded by :func:`skrytka.mail.admin.commands.base.args_text`."""
        account, keys, approval = _person(actor), await self._keys(), self._id()
        _check_reason(reason)
        matter = Matter(command, args.decode(), actor.name, reason, kind=kind.value)
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

    async def own(self, actor: Actor) -> list[ApprovalInfo]:
        """What he has asked for, the newest first."""
        keys = await self._keys()
        return [self._info(row, keys) for row in await self._deps.store.read(sql.approvals_of(_person(actor)))]

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
        """NOT_PERMITTED for who asked or counts as one person with him, and when it is decided already."""
        info, account = await self.get(approval_id), None if actor.is_local else _person(actor)
        _check_reason(reason)
        keys, approval = await self._keys(), parse_id(approval_id)
        if account is not None:
            await self._demand_another(approval, account)
        matter = Matter(info.command, info.args, info.asked_by, info.reason, actor.name, reason, info.kind)
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
        said = (
            f"that takes a second person: ask with `skrytka approval ask {command} ...` or POST /approvals,"
            " and do it again when it is approved"
        )
        raise PermanentError(Reason.APPROVAL_NEEDED, said)

    async def give_back(self, approval_id: str) -> None:
        """What it was used for has not happened."""
        await self._deps.store.submit(ReturnApproval(unit=self._unit(), approval=parse_id(approval_id)))

    async def _demand_another(self, approval: bytes, account: AccountId) -> None:
        """NOT_PERMITTED for whose role is younger than the request, and for who counts as one person with who asked."""
        row = await self._deps.store.read(sql.approval(approval))
        if row is None or row.account == account:
            raise PermanentError(Reason.NOT_PERMITTED, "a second person has to decide")
        given = [each.given_at_ms for each in await self._deps.store.read(sql.grants(account)) if _decides(each)]
        if not given or min(given) > row.asked_at_ms:
            raise PermanentError(Reason.NOT_PERMITTED, "your role is younger than the request: somebody else decides")
        if await self._hands.are_one_person(account, row.account):
            said = (
                "you and who asked count as one person: one of you, or a third, made or opened the account of the"
                f" other within {self._hands.days} days"
            )
            raise PermanentError(Reason.NOT_PERMITTED, said)

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
            kind=matter.kind,
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


def _decides(row: GrantRow) -> bool:
    """Whether the role allows to decide, everywhere."""
    return not row.domain and Permission.APPROVAL_DECIDE in ALLOWED[grant_of(row).role]


def _person(actor: Actor) -> AccountId:
    if actor.is_local:
        raise PermanentError(
            Reason.NOT_PERMITTED, "on the server itself nobody is asked: that is for who uses --server"
        )
    if actor.account is None or actor.limited_to is not None:
        raise PermanentError(Reason.NOT_PERMITTED, "a key neither asks nor decides: people do, with a session")
    return actor.account


def _check_reason(reason: str) -> None:
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise PermanentError(Reason.BAD_SYNTAX, f"a reason has {REASON_MIN} to {REASON_MAX} characters")
