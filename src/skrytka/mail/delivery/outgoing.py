"""What a message that leaves is put into the queue with."""

from collections.abc import Iterable, Sequence

import msgspec

from skrytka.mail.delivery.forwards import Forward, delivered_to
from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.prefix import relayed_field
from skrytka.mail.delivery.types import Outgoing, Transaction
from skrytka.mail.outbox.outbox import Outbox, level_of, priority_of
from skrytka.mail.outbox.rewriting import Rewriting
from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.outbox.signing import NOT_SIGNED, Signed, Signing
from skrytka.model.address import Domain
from skrytka.model.envelope import BodyType, Recipient
from skrytka.model.events import MessageQueued
from skrytka.protocol.mailauth.arc.fields import Status
from skrytka.protocol.mailauth.dkim.body import BodySpec
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY
from skrytka.store.commands.queue import QueueIn


def to_sign(_header: HeaderScan | None = None) -> Iterable[BodySpec]:
    """The hash of the body that signatures of ours are made with."""
    return (SIGNED_BODY,)


class Leaving(msgspec.Struct, frozen=True):
    """The part of a message that leaves: for whom its sender named, and for whom aliases of ours lead to."""

    outgoing: Outgoing | None = None
    forwards: tuple[Forward, ...] = ()

    def __bool__(self) -> bool:
        return self.outgoing is not None or bool(self.forwards)


class Departed(msgspec.Struct, frozen=True):
    """The same, signed and sealed for the command that puts it into the queue; and the events of it."""

    queue: QueueIn | None = None
    forwards: tuple[QueueIn, ...] = ()
    events: tuple[MessageQueued, ...] = ()


class Departures:
    """Signs and seals what leaves. TransientError when what that takes is away."""

    def __init__(
        self,
        outbox: Outbox,
        signing: Signing | None,
        rewriting: Rewriting | None,
        hostname: str,
        *,
        is_sealing: bool = False,
    ) -> None:
        self._is_sealing = is_sealing
        self._outbox = outbox
        self._rewriting = rewriting
        self._signing = signing
        self._hostname = hostname

    async def ready(self, facts: Transaction, sealed: Sealed, leaving: Leaving) -> Departed:
        """All of it."""
        queue, forwards, events = None, [], []
        if leaving.outgoing is not None:
            queue, signed = await self._sent(facts, sealed, leaving.outgoing)
            events.append(_queued(facts, leaving.outgoing.recipients, "outbound", signed))
        for forward in leaving.forwards:
            made, signed = await self._forwarded(facts, sealed, forward)
            forwards.append(made)
            events.append(_queued(facts, forward.recipients, "forward", signed))
        return Departed(queue, tuple(forwards), tuple(events))

    async def _sent(self, facts: Transaction, sealed: Sealed, outgoing: Outgoing) -> tuple[QueueIn, Signed]:
        signed = await self._signed(facts, sealed)
        queue = await self._outbox.queue(
            outbound_envelope(facts, sealed, outgoing, self._hostname, signed),
            outgoing.recipients,
            sealed.blob.blob_id,
            sealed.blob.key,
            priority=_lane_priority(facts, sealed.scan, len(outgoing.recipients)),
            release_at_ms=facts.release_at_ms,
        )
        return queue, signed

    async def _forwarded(self, facts: Transaction, sealed: Sealed, forward: Forward) -> tuple[QueueIn, Signed]:
        """A stranger's mail goes on under a reverse path of the alias, and its signature.

        Own people's mail stays theirs. A reverse path of ours from outside is rewritten too: it may be forged, and
        would pass SPF from here. What we have found of it goes on with it, and under a seal where a setting says so.
        """
        if self._rewriting is None:
            raise AssertionError("nothing is forwarded without a key")
        alias, path = forward.alias, facts.reverse_path
        if not facts.is_submission:
            path = await self._rewriting.rewritten(path, alias.domain)
        signed = await self._signed(facts, sealed, None if facts.is_submission else alias.domain)
        outgoing = Outgoing(account=facts.account, recipients=forward.recipients, body_type=facts.body_type)
        envelope = outbound_envelope(facts, sealed, outgoing, self._hostname, signed)
        queue = await self._outbox.queue(
            msgspec.structs.replace(
                envelope,
                reverse_path=path,
                origin=facts.reverse_path,
                is_proven=facts.is_proven,
                alias=None if forward.is_return else alias,
                trace_fields=delivered_to(forward) + facts.results.encode() + envelope.trace_fields,
                signatures=await self._arc_set(facts, sealed, signed) + envelope.signatures,
            ),
            forward.recipients,
            sealed.blob.blob_id,
            sealed.blob.key,
            priority=_lane_priority(facts, sealed.scan, len(forward.recipients)),
            release_at_ms=facts.release_at_ms,
        )
        return queue, signed

    async def _arc_set(self, facts: Transaction, sealed: Sealed, signed: Signed) -> bytes:
        """Only of what was looked at when it came (RFC 8617 5.1)."""
        body = sealed.hash_of(SIGNED_BODY)
        if not self._is_sealing or self._signing is None or body is None or not (facts.chain and facts.results):
            return b""
        status, results = Status(facts.chain), facts.results.encode()
        return await self._signing.arc_set(sealed.scan.fields, signed, results, status, body, facts.trace)

    async def _signed(self, facts: Transaction, sealed: Sealed, forwarder: Domain | None = None) -> Signed:
        body, sender = sealed.hash_of(SIGNED_BODY), facts.reverse_path.address
        if self._signing is None or body is None:
            return NOT_SIGNED
        if forwarder is not None:
            return await self._signing.of_domain(sealed.scan.fields, forwarder, body, facts.trace)
        domain = None if sender is None else sender.domain
        is_checked = facts.is_author_checked
        return await self._signing.of_author(sealed.scan.fields, domain, body, facts.trace, is_checked=is_checked)


def _queued(facts: Transaction, recipients: Sequence[Recipient], reason: str, signed: Signed) -> MessageQueued:
    names = tuple(str(recipient.address) for recipient in recipients)
    return MessageQueued(trace=facts.trace, recipients=names, reason=reason, signatures=signed.names, hold=facts.hold)


def outbound_envelope(
    facts: Transaction, sealed: Sealed, outgoing: Outgoing, hostname: str, signed: Signed = NOT_SIGNED
) -> OutboundEnvelope:
    """What the queue keeps; the octets are called what they are, not what they were declared."""
    body_type = BodyType.BINARY
    if outgoing.body_type is not BodyType.BINARY:
        body_type = BodyType.EIGHT_BIT if sealed.is_8bit else BodyType.SEVEN_BIT
    return OutboundEnvelope(
        trace=facts.trace,
        reverse_path=facts.reverse_path,
        arrived_at_ms=facts.received_at_ms,
        account=outgoing.account,
        body_type=body_type,
        needs_smtputf8=facts.is_smtputf8 and not sealed.scan.raw.isascii(),
        ret=facts.ret,
        envid=facts.envid,
        trace_fields=relayed_field(facts, hostname=hostname),
        signatures=signed.fields,
        signed_for=signed.domain,
        body_digest=sealed.hashes[SIGNED_BODY].digest if signed.domain else b"",
        hold=facts.hold,
        deliver_by=facts.deliver_by,
        priority=facts.priority,
        tls_wish=facts.tls_wish,
    )


def _lane_priority(facts: Transaction, header: HeaderScan, recipients: int) -> int:
    """What was said by SMTP; else what the header says, which makes urgent only what might have been said so."""
    if facts.priority is not None:
        return level_of(facts.priority)
    return min(priority_of(header.first, recipients), level_of(facts.priority_max))
