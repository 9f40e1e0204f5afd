"""Who wants TLS reports about a domain: its record (RFC 8460 3)."""

import re
from typing import Final
from urllib.parse import unquote

from skrytka.model.address import Address, AddressError
from skrytka.model.dns import Status
from skrytka.protocol.mailauth.query import Check, Query

DESTINATIONS_MAX: Final = 5
_VERSION: Final = re.compile(r"v=TLSRPTv1[ \t]*(?:;|\Z)")
_TAG: Final = re.compile(r"[ \t]*rua[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e \t]+?)[ \t]*\Z")
_MAILTO: Final = "mailto:"


def tls_destinations(domain: str) -> Check[tuple[Address, ...]]:
    """Addresses; none without exactly one record. What is to be had by HTTPS only gets none (5.4)."""
    answer = yield Query(f"_smtp._tls.{domain}", "TXT")
    if answer is None or answer.status is not Status.NOERROR:
        return ()
    records = [text for each in answer.strings if _VERSION.match(text := each.decode("latin-1"))]
    return _addresses(records[0]) if len(records) == 1 else ()


def _addresses(record: str) -> tuple[Address, ...]:
    found = next((match[1] for part in record.split(";")[1:] if (match := _TAG.match(part))), "")
    addresses = []
    for uri in found.split(",")[:DESTINATIONS_MAX]:
        text = uri.strip()
        if text[: len(_MAILTO)].lower() != _MAILTO:
            continue
        try:
            address = Address.parse(unquote(text[len(_MAILTO) :].partition("?")[0]))
        except AddressError:
            continue
        if not address.domain.is_literal:
            addresses.append(address)
    return tuple(dict.fromkeys(addresses))
