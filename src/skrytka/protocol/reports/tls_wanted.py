"""Who wants TLS reports about a domain: its record (RFC 8460 3)."""

import re
from typing import Final
from urllib.parse import unquote

import msgspec

from skrytka.model.address import Address, AddressError
from skrytka.model.dns import Status
from skrytka.protocol.mailauth.query import Check, Query

DESTINATIONS_MAX: Final = 5
_VERSION: Final = re.compile(r"v=TLSRPTv1[ \t]*(?:;|\Z)")
_TAG: Final = re.compile(r"[ \t]*rua[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e \t]+?)[ \t]*\Z")
_MAILTO: Final = "mailto:"
_HTTPS: Final = "https:"


class TlsWanted(msgspec.Struct, frozen=True):
    """Where it wants them, each place once."""

    addresses: tuple[Address, ...] = ()
    urls: tuple[str, ...] = ()  # as written: whoever asks there takes them apart


def tls_wanted(domain: str) -> Check[TlsWanted]:
    """Nowhere without exactly one record."""
    answer = yield Query(f"_smtp._tls.{domain}", "TXT")
    if answer is None or answer.status is not Status.NOERROR:
        return TlsWanted()
    records = [text for each in answer.strings if _VERSION.match(text := each.decode("latin-1"))]
    return _wanted(records[0]) if len(records) == 1 else TlsWanted()


def _wanted(record: str) -> TlsWanted:
    found = next((match[1] for part in record.split(";")[1:] if (match := _TAG.match(part))), "")
    addresses, urls = [], []
    for uri in found.split(",")[:DESTINATIONS_MAX]:
        text = uri.strip()
        if text[: len(_HTTPS)].lower() == _HTTPS:
            urls.append(_HTTPS + text[len(_HTTPS) :])
        elif text[: len(_MAILTO)].lower() == _MAILTO and (address := _address(text[len(_MAILTO) :])) is not None:
            addresses.append(address)
    return TlsWanted(tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(urls)))


def _address(text: str) -> Address | None:
    """RFC 6068 2."""
    try:
        address = Address.parse(unquote(text.partition("?")[0]))
    except AddressError:
        return None
    return None if address.domain.is_literal else address
