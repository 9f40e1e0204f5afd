"""The form in which a message goes to one server: as it is, or in seven bits (RFC 6152 3, RFC 3030 3).

How urgent it is says a field to a server that does not hear it otherwise.

Only mail of this server's own people, and its reports, may be re-encoded, and none that came with a signature: an
inspector says what can be. All else goes as it is, BINARYMIME excepted: that never goes to a server that does not offer
it. Signatures of ours are made anew for the new octets (RFC 6376 5.3), or left out when the domain has no key any more.
"""

import asyncio
from typing import Final, Protocol

import msgspec

from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.outbox.signing import Signing
from skrytka.mail.queue.parcel import Parcel, Reader
from skrytka.model.address import Domain
from skrytka.model.envelope import BodyType
from skrytka.protocol.mailauth.dkim.body import BodyHash
from skrytka.protocol.smtp.capabilities import Capabilities

HEADER_MAX: Final = 1024 * 1024
HEADER_END: Final = b"\r\n\r\n"
RECODED_MAX_BYTES: Final = 4 * 1024 * 1024  # what an inspector can give back


class Recoder(Protocol):
    """Who re-encodes: ``mail.delivery.inspection.Inspection``."""

    async def seven_bit(self, content: bytes) -> bytes | None:
        """None: it is to be left alone. TransientError when nobody can say now."""
        ...


class Forms:
    """``is_recoding``: outbound.is_8bit_recoded, which is about 8-bit mail alone."""

    def __init__(self, recoder: Recoder, signing: Signing | None = None, *, is_recoding: bool) -> None:
        self._recoder = recoder
        self._signing = signing
        self._is_recoding = is_recoding

    async def fitted(self, parcel: Parcel, reader: Reader, offered: Capabilities) -> Parcel:
        """The parcel for a server that offers this; itself when there is nothing to do, or nothing can be done."""
        envelope = parcel.envelope
        if envelope.priority is not None and not offered.is_priority:
            field = b"MT-Priority: %d\r\n" % envelope.priority  # RFC 6758 3.3; one of its own was taken out
            parcel = msgspec.structs.replace(parcel, fields=field)
        return await self._recoded(await self._signed_now(parcel, reader), reader, offered)

    async def _signed_now(self, parcel: Parcel, reader: Reader) -> Parcel:
        """Mail that waited, or was held: the key of the day when it came may be revoked (RFC 6376 3.6.1)."""
        envelope = parcel.envelope
        if self._signing is None or not envelope.body_digest:
            return parcel
        if not envelope.hold and not self._signing.is_old(envelope.arrived_at_ms):
            return parcel
        header = reader.read(0, min(parcel.rows[0].size, HEADER_MAX))
        if HEADER_END not in header:
            return parcel
        scan = await asyncio.to_thread(rescan, header)
        body, domain = BodyHash(envelope.body_digest), Domain(envelope.signed_for)
        signed = await self._signing.of_domain(scan.fields, domain, body, envelope.trace)
        return msgspec.structs.replace(
            parcel, envelope=msgspec.structs.replace(envelope, signatures=signed.fields, body_digest=b"")
        )

    async def _recoded(self, parcel: Parcel, reader: Reader, offered: Capabilities) -> Parcel:
        envelope = parcel.envelope
        match envelope.body_type:
            case BodyType.BINARY:
                is_needed = not offered.is_binary
            case BodyType.EIGHT_BIT:
                is_needed = self._is_recoding and not offered.is_8bit and not parcel.needs_smtputf8
            case _:
                is_needed = False
        is_own = envelope.account is not None or envelope.is_report
        size = parcel.rows[0].size
        if not (is_needed and is_own) or size > RECODED_MAX_BYTES:
            return parcel
        recoded = await self._recoder.seven_bit(reader.read(0, size))
        if recoded is None:
            return parcel
        signatures = await self._signed(envelope, recoded)
        envelope = msgspec.structs.replace(envelope, body_type=BodyType.SEVEN_BIT, signatures=signatures)
        return msgspec.structs.replace(parcel, envelope=envelope, recoded=recoded)

    async def _signed(self, envelope: OutboundEnvelope, content: bytes) -> bytes:
        if self._signing is None or not envelope.signed_for:
            return b""
        scan = await asyncio.to_thread(rescan, content)
        domain, start = Domain(envelope.signed_for), len(scan.raw)
        return (await self._signing.of_content(scan.fields, content, start, domain, envelope.trace)).fields
