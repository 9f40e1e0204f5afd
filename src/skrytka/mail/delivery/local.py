"""Delivery into the mailboxes of this node: one command, one commit, then 250 (design section 5).

All recipients' copies are made ready first (keys, prefix, summary), then one Deliver writes them. A store that has no
time for these accounts now leaves the message to the queue, if that can be written; else the peer hears 4xx and keeps
the message. Nothing is answered 250 before the store has said that it is on disk.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skrytka.mail.delivery.copies import Copies
from skrytka.mail.delivery.incoming import HeaderFilter
from skrytka.mail.delivery.message import IncomingMessage, Sealed, verdict_of
from skrytka.mail.delivery.summary import SharedSummary, read_back, summarize
from skrytka.mail.delivery.types import Decide, Fallback, Resolution, Target, Transaction
from skrytka.model import reply
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import Emitter, MessageDelivered, MessageQueued, MessageReceived, MessageRefused
from skrytka.model.ids import AccountId, TraceId, UnitId, id_text, new_id
from skrytka.model.limits import SmtpLimits
from skrytka.model.verdict import Action, Verdict
from skrytka.store.api import Store
from skrytka.store.commands.deliver import Delivered
from skrytka.store.seal.blob import BlobWriter
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.seal.source import KeySource

_QUEUED_FOR: Final = frozenset(
    {Reason.STORE_BUSY, Reason.KEY_UNAVAILABLE}
)  # what passes while the store itself is well
_ACCEPTED: Final = Verdict(Action.ACCEPT, reply.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDeps:
    """What a Delivery works with; made by the composition root."""

    hostname: str  # also our authserv-id (RFC 8601 2.5)
    spool_dir: Path
    store: Store
    keys: KeySource
    decide: Decide
    fallback: Fallback | None
    events: Emitter
    clock: Clock
    random: Random
    memory: MemoryBudget
    limits: SmtpLimits


class Delivery:
    """Takes messages in and puts them into mailboxes; one per process."""

    def __init__(self, deps: DeliveryDeps) -> None:
        self._deps = deps
        self._copies = Copies(deps.hostname, deps.keys, deps.clock, deps.random)
        self._large = asyncio.Semaphore(1)

    def begin(self) -> IncomingMessage:
        """A place for the octets of one message; ``abort`` it unless it is handed to :meth:`deliver`."""
        deps = self._deps
        writer = BlobWriter(deps.spool_dir, deps.clock, deps.random, deps.memory)
        return IncomingMessage(writer, HeaderFilter(deps.hostname, deps.limits.header_bytes), deps.memory)

    async def deliver(self, facts: Transaction, recipients: Sequence[Resolution], message: IncomingMessage) -> Verdict:
        """Decide, deliver, and say what the peer is told; the reply is positive only when the message is on disk.

        Emits MessageReceived and MessageDelivered or MessageQueued, or MessageRefused. Whatever happens, nothing of
        the message is left behind that the store did not take over.
        """
        began_s = self._deps.clock.monotonic_s()
        try:
            verdict = await self._deliver(facts, recipients, message)
        finally:
            await message.abort()
        duration_ms = int((self._deps.clock.monotonic_s() - began_s) * 1000)
        self._deps.events.emit(_outcome(facts, recipients, verdict, message.size_bytes, duration_ms))
        return verdict

    async def _deliver(self, facts: Transaction, recipients: Sequence[Resolution], message: IncomingMessage) -> Verdict:
        sealed = await message.finish()
        if isinstance(sealed, Verdict):
            return sealed
        verdict = self._deps.decide(sealed.scan)
        if not verdict.reply.is_positive:
            return verdict
        targets = distinct(recipients)
        unit = UnitId(new_id(self._deps.clock, self._deps.random))
        try:
            return await self._put(facts, targets, sealed, unit)
        except TransientError as exc:
            return await self._put_aside(facts, targets, sealed, unit, exc)
        except PermanentError as exc:  # an account vanished between RCPT and now: asked again, the sender hears of it
            return Verdict(Action.DEFER, reply.LOCAL_ERROR, exc.reason, detail=exc.detail)

    async def _put(
        self, facts: Transaction, targets: Sequence[tuple[Address, Target]], sealed: Sealed, unit: UnitId
    ) -> Verdict:
        summary = SharedSummary(
            summarize(sealed.content, sealed.scan, sealed.blob.sha256)
            if sealed.content is not None
            else await read_back(sealed.blob, self._large, sealed.scan)
        )
        command = await self._copies.command(unit, facts, targets, sealed, summary)
        answers = await self._deps.store.submit(command)
        for (_recipient, target), delivered in zip(targets, answers, strict=True):
            self._deps.events.emit(delivered_event(facts.trace, target, delivered))
        return _ACCEPTED

    async def _put_aside(
        self,
        facts: Transaction,
        targets: Sequence[tuple[Address, Target]],
        sealed: Sealed,
        unit: UnitId,
        cause: TransientError,
    ) -> Verdict:
        if self._deps.fallback is None or cause.reason not in _QUEUED_FOR:
            return verdict_of(cause)
        try:
            await self._deps.fallback.enqueue(facts, targets, sealed.blob, unit, cause)
        except TransientError as exc:
            return verdict_of(exc)
        addresses = tuple(str(target.address) for _recipient, target in targets)
        self._deps.events.emit(MessageQueued(trace=facts.trace, recipients=addresses, reason=cause.reason.value))
        return _ACCEPTED


def delivered_event(trace: TraceId, target: Target, delivered: Delivered, via: str = "direct") -> MessageDelivered:
    """The event of one copy."""
    return MessageDelivered(
        trace=trace,
        recipient=str(target.address),
        account=delivered.account,
        mailbox=delivered.mailbox,
        uid=delivered.uid,
        emailid=id_text(delivered.email_id),
        via=via,
    )


def _outcome(
    facts: Transaction, recipients: Sequence[Resolution], verdict: Verdict, size_bytes: int, duration_ms: int
) -> MessageReceived | MessageRefused:
    names = tuple(str(resolution.recipient) for resolution in recipients)
    if verdict.reply.is_positive:
        return MessageReceived(
            trace=facts.trace,
            remote=facts.remote,
            helo=str(facts.helo),
            reverse_path=str(facts.reverse_path),
            recipients=names,
            size_bytes=size_bytes,
            tls=facts.tls,
            protocol=facts.protocol,
            duration_ms=duration_ms,
        )
    return MessageRefused(
        trace=facts.trace,
        remote=facts.remote,
        reverse_path=str(facts.reverse_path),
        recipients=names,
        reason=(verdict.reason or Reason.NOT_PERMITTED).value,
        code=verdict.reply.code,
        detail=verdict.detail,
    )


def distinct(recipients: Sequence[Resolution]) -> list[tuple[Address, Target]]:
    """Each account once, with the first recipient that led to it."""
    found: dict[AccountId, tuple[Address, Target]] = {}
    for resolution in recipients:
        for target in resolution.targets:
            found.setdefault(target.account, (resolution.recipient, target))
    return list(found.values())
