"""Mail that this server writes to other postmasters: a report about a day or one message, signed by a domain of ours.

It goes into a mailbox here or into the queue, in one commit each; nobody is told what became of it (NOTIFY=NEVER).
"""

from collections.abc import Sequence

from skrytka.mail.delivery.copies import blob_in
from skrytka.mail.delivery.message import IncomingMessage, Sealed
from skrytka.mail.delivery.reports import ReportDeps
from skrytka.mail.delivery.tls_required import is_optional
from skrytka.mail.delivery.types import Resolution, Transaction
from skrytka.mail.outbox.outbox import PRIORITY_BULK
from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.outbox.signing import NOT_SIGNED
from skrytka.model.address import NULL_REVERSE_PATH, Address, Domain, ReversePath
from skrytka.model.envelope import BodyType, Notify, Recipient, TlsWish
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import TraceId, UnitId, new_id, new_unit
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY
from skrytka.store.commands.outbound import Post


class ReportSender:
    """Works with what DSNs are made with."""

    def __init__(self, deps: ReportDeps) -> None:
        self._deps = deps

    async def send(
        self, octets: bytes, from_: Address, to: Sequence[Address], *, is_null: bool = False
    ) -> tuple[Address, ...]:
        """A whole message; the addresses that will get it. TransientError when nothing can be written now.

        ``is_null``: with a null reverse path, so that nobody ever answers it.
        """
        path = NULL_REVERSE_PATH if is_null else ReversePath(from_)
        here: list[Resolution] = []
        elsewhere: list[Address] = []  # aliases of ours may lead there, too
        told: list[Address] = []
        for address in to:
            resolution = await self._deps.directory.resolve(address, has_quota=False)
            if resolution.is_accepted:
                here.append(resolution)
                elsewhere += resolution.outside
            elif resolution.verdict.reason is Reason.RELAY_DENIED:
                elsewhere.append(address)
                told.append(address)
        for resolution in here:
            if resolution.targets:
                await self._put(octets, path, resolution)
        if elsewhere:
            await self._queue(octets, from_, path, list(dict.fromkeys(elsewhere)))
        return (*(each.recipient for each in here), *told)

    async def _put(self, octets: bytes, path: ReversePath, resolution: Resolution) -> None:
        deps = self._deps
        message = deps.begin(is_leaving=False)
        try:
            sealed = await _sealed(message, octets)
            insides = await deps.inspection.of(sealed)
            targets = [(resolution.recipient, target) for target in resolution.targets]
            command = await deps.copies.command(self._unit(), self._facts(path), targets, sealed, insides)
            await deps.store.submit(Post(unit=command.unit, blob=command.blob, targets=command.targets))
        finally:
            await message.abort()

    async def _queue(self, octets: bytes, from_: Address, path: ReversePath, to: Sequence[Address]) -> None:
        deps = self._deps
        message = deps.begin(is_leaving=True)
        try:
            sealed = await _sealed(message, octets)
            trace = self._trace()
            signed, body = NOT_SIGNED, sealed.hash_of(SIGNED_BODY)
            if deps.signing is not None and body is not None:
                signed = await deps.signing.of_domain(sealed.scan.fields, from_.domain, body, trace)
            envelope = OutboundEnvelope(
                trace=trace,
                reverse_path=path,
                body_type=BodyType.EIGHT_BIT if sealed.is_8bit else BodyType.SEVEN_BIT,
                arrived_at_ms=deps.clock.now_ms(),
                signatures=signed.fields,
                signed_for=signed.domain,
                tls_wish=TlsWish.OPTIONAL if is_optional(sealed.scan) else TlsWish.USUAL,
            )
            recipients = [Recipient(address, frozenset({Notify.NEVER})) for address in to]
            blob = sealed.blob
            queue = await deps.outbox.queue(envelope, recipients, blob.blob_id, blob.key, priority=PRIORITY_BULK)
            await deps.store.submit(Post(unit=self._unit(), blob=blob_in(blob), queue=queue))
        finally:
            await message.abort()

    def _facts(self, path: ReversePath) -> Transaction:
        return Transaction(
            trace=self._trace(),
            received_at_ms=self._deps.clock.now_ms(),
            reverse_path=path,
            remote="127.0.0.1",
            helo=Domain.parse(self._deps.hostname),
            service="reports",
            is_submission=True,
        )

    def _trace(self) -> TraceId:
        return TraceId(new_id(self._deps.clock, self._deps.random))

    def _unit(self) -> UnitId:
        return new_unit(self._deps.clock, self._deps.random)


async def _sealed(message: IncomingMessage, octets: bytes) -> Sealed:
    await message.write(octets)
    sealed = await message.finish()
    if not isinstance(sealed, Sealed):
        raise TransientError(sealed.reason or Reason.STORE_DOWN, sealed.detail)
    return sealed
