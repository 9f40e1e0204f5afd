"""Mail that is to be quarantined is passed on to nobody outside: it would come from us, and no Junk of ours is there.

Nobody is told by a DSN (design section 5). Where only other servers would have it, its sender hears 550 at the end of
the data. Else an alias' members here have it in Junk; of an alias without any, whoever answers for its domain has.
"""

from collections.abc import Sequence

import msgspec

from skrytka.mail.delivery.resolve import POSTMASTER, Directory
from skrytka.mail.delivery.types import Resolution, Target
from skrytka.model import reply
from skrytka.model.address import Address
from skrytka.model.errors import Reason
from skrytka.model.events import ForwardWithheld
from skrytka.model.ids import TraceId
from skrytka.model.verdict import Action, Verdict


class Kept(msgspec.Struct, frozen=True):
    """Who has it instead, and what is to be told once they do."""

    recipients: tuple[Resolution, ...]
    events: tuple[ForwardWithheld, ...]


def at_the_door(verdict: Verdict, recipients: Sequence[Resolution]) -> Verdict:
    """Refused, when it is to be quarantined and only other servers would get it."""
    is_only_outside = any(each.outside for each in recipients) and not any(each.targets for each in recipients)
    return refused(verdict) if verdict.action is Action.JUNK and is_only_outside else verdict


def refused(verdict: Verdict) -> Verdict:
    """What its sender hears instead of a quarantine elsewhere; the detail is the domain that asks for one."""
    answer = reply.quarantine_not_forwarded(verdict.detail)
    return Verdict(Action.REJECT, answer, verdict.reason, verdict.findings, verdict.detail)


async def kept_here(
    directory: Directory | None, recipients: Sequence[Resolution], trace: TraceId, reason: Reason | None
) -> Kept | None:
    """None: for one of the aliases nobody here answers, so all of it has to be refused."""
    found, events = [], []
    for each in recipients:
        kept = each
        if each.outside:
            targets = each.targets or await _answering(directory, each.recipient)
            if not targets:
                return None
            kept = Resolution(each.recipient, each.verdict, targets)
            events.append(
                ForwardWithheld(
                    trace=trace,
                    alias=str(each.recipient),
                    recipients=tuple(map(str, each.outside)),
                    reason=(reason or Reason.NOT_PERMITTED).value,
                    kept_for=tuple(str(target.address) for target in targets),
                )
            )
        found.append(kept)
    return Kept(tuple(found), tuple(events))


async def _answering(directory: Directory | None, alias: Address) -> tuple[Target, ...]:
    if directory is None:
        return ()
    return (await directory.resolve(Address(POSTMASTER, alias.domain), has_quota=False)).targets
