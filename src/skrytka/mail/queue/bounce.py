"""Reports to the sender about queued mail, in the same commit as what they report (RFC 3461 6.2, RFC 3464).

Who hears what: the table in docs/dsn.md. Never about a message with a null reverse path, so never about a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.reports import About, Reports, wants
from skrytka.mail.queue.deliver_by import deadline_of, is_traced
from skrytka.mail.queue.outcome import Fate, Outcome
from skrytka.mail.queue.parcel import Parcel, Reader
from skrytka.model.address import Address
from skrytka.model.clock import Clock
from skrytka.model.envelope import BodyType, Notify, Ret, TlsWish
from skrytka.protocol.reports.dsn import RecipientReport
from skrytka.protocol.reports.texts import ReportAction
from skrytka.store.api import Store
from skrytka.store.commands.deliver import QueueDone
from skrytka.store.sql.outbound import TOLD_DELAY, TOLD_LATE

RETURN_FULL_BYTES: Final = 64 * 1024  # without RET: a small message goes back whole, of a large one the header
RETURN_MAX_BYTES: Final = 1024 * 1024  # with RET=FULL
HEADER_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceDeps:
    """What reports are made with."""

    store: Store
    reports: Reports
    clock: Clock
    expire_s: int


class Bounces:
    """Writes reports and the commit they belong to."""

    def __init__(self, deps: BounceDeps) -> None:
        self._deps = deps

    def reported(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> dict[int, ReportAction]:
        """Of which recipients the reverse path is to hear, and what."""
        if parcel.envelope.told.is_null:
            return {}
        found: dict[int, ReportAction] = {}
        for number, outcome in outcomes.items():
            recipient = parcel.recipients[number]
            if outcome.fate is Fate.FAILED and wants(recipient, Notify.FAILURE):
                found[number] = ReportAction.FAILED
            elif outcome.fate is Fate.DEFERRED and wants(recipient, Notify.DELAY):
                found[number] = ReportAction.DELAYED
            elif outcome.fate is Fate.SENT and self._is_told_of_relay(parcel, number, outcome):
                found[number] = ReportAction.RELAYED
        return found

    def _is_told_of_relay(self, parcel: Parcel, number: int, outcome: Outcome) -> bool:
        """RFC 3461 5.2.2 b, RFC 2852 4.1.4."""
        if not outcome.is_dsn and wants(parcel.recipients[number], Notify.SUCCESS):
            return True
        return is_traced(parcel, number, outcome, self._deps.clock.now_ms())

    async def post(
        self,
        parcel: Parcel,
        outcomes: dict[int, Outcome],
        actions: dict[int, ReportAction],
        done: Sequence[int],
        reader: Reader,
    ) -> None:
        """One report about these recipients; ``done`` leave the queue with it, the delayed are marked as told.

        PermanentError when the reverse path is of this server and takes no mail.
        """
        to = parcel.envelope.told.address
        if to is None:
            raise AssertionError("nobody to report to")
        about = self._about(parcel, to, reader, is_failure=ReportAction.FAILED in actions.values())
        recipients = [
            self._recipient(parcel, number, outcomes[number], action) for number, action in sorted(actions.items())
        ]
        queue_id = parcel.rows[0].queue_id
        told = tuple(number for number, action in actions.items() if action is ReportAction.DELAYED)
        is_late = any(outcomes[number].is_late for number in told)
        async with self._deps.reports.ready(about, recipients) as post:
            await self._deps.store.submit(
                msgspec.structs.replace(
                    post,
                    done=QueueDone(queue_id, tuple(done)) if done else None,
                    told=QueueDone(queue_id, told) if told else None,
                    told_what=TOLD_LATE if is_late else TOLD_DELAY,
                )
            )
        self._deps.reports.tell(about, recipients)

    def _about(self, parcel: Parcel, to: Address, reader: Reader, *, is_failure: bool) -> About:
        size = parcel.rows[0].size
        is_whole = is_failure and self._is_whole(parcel)
        octets = reader.read(0, size if is_whole else min(size, HEADER_MAX))
        return About(
            trace=parcel.envelope.trace,
            to=to,
            arrived_at_ms=parcel.envelope.arrived_at_ms,
            envid=parcel.envelope.envid,
            hold=parcel.envelope.hold,
            deliver_by_ms=deadline_of(parcel),
            priority=parcel.envelope.priority,
            tls_wish=parcel.envelope.tls_wish,
            scan=rescan(octets),
            content=octets if is_whole else None,
        )

    def _recipient(self, parcel: Parcel, number: int, outcome: Outcome, action: ReportAction) -> RecipientReport:
        until_ms = parcel.rows[0].since_ms + self._deps.expire_s * 1000
        alias = parcel.envelope.alias
        return RecipientReport(
            final=parcel.recipients[number].address if alias is None else alias,
            action=action,
            status=outcome.status,
            original=parcel.recipients[number].original,
            remote_mta=outcome.host if alias is None else "",  # where an alias leads is nobody's business
            diagnostic=outcome.text if alias is None else "",
            is_remote=outcome.is_remote,
            is_late=outcome.is_late,
            last_attempt_at_ms=self._deps.clock.now_ms(),
            retry_until_ms=until_ms if action is ReportAction.DELAYED else 0,
        )

    def _is_whole(self, parcel: Parcel) -> bool:
        """RFC 3461 4.3; what is binary goes back as its header only."""
        envelope, size = parcel.envelope, parcel.rows[0].size
        if envelope.body_type is BodyType.BINARY or envelope.ret is Ret.HEADERS:
            return False
        if envelope.tls_wish is TlsWish.REQUIRED:  # RFC 8689 5: as with RET=HDRS
            return False
        return size <= (RETURN_MAX_BYTES if envelope.ret is Ret.FULL else RETURN_FULL_BYTES)
