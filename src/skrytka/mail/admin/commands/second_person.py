"""The second person of a command: whether one is needed, his approval used once, given back when nothing came of it."""

import contextlib
from typing import Final, NamedTuple

from skrytka.mail.admin.commands.base import Args, Command, CommandDeps, Scope, args_text
from skrytka.mail.identity.four_eyes import Kind
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import ApprovalChanged
from skrytka.model.ids import AccountId
from skrytka.store.sql import places

# Nobody knows whether it happened: it counts as done, for what takes two must not happen twice
UNKNOWN: Final = frozenset({Reason.STORE_DOWN, Reason.TIMEOUT})


class Asked(NamedTuple):
    """A command that somebody may give, if it does not take two; ``account`` is the one that it is about."""

    name: str
    command: Command
    args: Args
    scope: Scope
    actor: Actor
    account: AccountId | None


class Use(NamedTuple):
    """An approval that is used up."""

    asked: Asked
    approval: str


async def approved(deps: CommandDeps, asked: Asked) -> Use | None:
    """The approval that is used up for this; None where one person is enough. PermanentError(APPROVAL_NEEDED).

    The hand is written before the change, and whether the other lock holds is looked at once more after it: of two
    requests at once that would open both locks, one finds the hand of the other.
    """
    use = await _used(deps, asked)
    if asked.command.hand is None or asked.account is None:
        return use
    try:
        await deps.admin.hands.note(asked.account, asked.command.hand, asked.actor)
    except ReasonedError as exc:
        await give_back(deps, use, exc)
        raise
    return use or await _used(deps, asked)


async def give_back(deps: CommandDeps, use: Use | None, error: ReasonedError) -> None:
    """The command has not happened, so its approval holds as before; not when nobody knows whether it did."""
    if use is None or error.reason in UNKNOWN:
        return
    with contextlib.suppress(TransientError):  # what cannot be given back now is spent: that is the safe side
        await deps.admin.approvals.give_back(use.approval)
        _tell(deps, "give_back", use.approval, use.asked)


async def _used(deps: CommandDeps, asked: Asked) -> Use | None:
    two = asked.command.takes_two
    if two is None or await _is_enough(deps, asked):
        return None
    if two.instead:
        said = f"that opens the mailbox to you: ask for {two.instead}, to which a second person can agree"
        raise PermanentError(Reason.APPROVAL_NEEDED, said)
    approval = await deps.admin.approvals.use(asked.name, args_text(asked.args, asked.scope), asked.actor)
    _tell(deps, "use", approval, asked)
    return Use(asked, approval)


async def _is_enough(deps: CommandDeps, asked: Asked) -> bool:
    """One's own mailbox is nobody else's; while the other lock holds, who renews one does not get in."""
    two = asked.command.takes_two
    if two is None:
        return True
    if two.kind is not Kind.MAILBOX or asked.account is None:
        return False
    if asked.account == asked.actor.account or (two.is_of_locked and not await is_locked(deps, asked.account)):
        return True
    return two.unless is not None and await deps.admin.hands.holds(asked.account, two.unless)


async def is_locked(deps: CommandDeps, account: AccountId) -> bool:
    """Whether it is closed, password and all, since somebody else was in."""
    return await deps.admin.store.read(places.lock_of(account)) is not None


def _tell(deps: CommandDeps, action: str, approval: str, asked: Asked) -> None:
    tell(deps, asked.actor, action, approval, asked.name, asked.scope)


def tell(
    deps: CommandDeps, actor: Actor, action: str, approval: str, command: str, scope: Scope, reason: str = ""
) -> None:
    """An event of what became of an approval."""
    what = scope.account or scope.domain or ""
    deps.admin.events.emit(
        ApprovalChanged(actor=actor.name, action=action, approval=approval, command=command, object=what, reason=reason)
    )
