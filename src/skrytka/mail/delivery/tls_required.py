"""What a sender wants of TLS: what MAIL said, or the TLS-Required field of the message (RFC 8689 4.1)."""

import re
from typing import Final

import msgspec

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.types import Transaction
from skrytka.model.envelope import TlsWish

FIELD: Final = b"tls-required"
_NO: Final = re.compile(rb"[^:]*:[ \t\r\n]*no[ \t\r\n]*", re.IGNORECASE)


def with_tls_wish(facts: Transaction, scan: HeaderScan) -> Transaction:
    """REQUIRETLS of MAIL goes before the field, which stays in the message either way."""
    if facts.tls_wish is not TlsWish.USUAL or not is_optional(scan):
        return facts
    return msgspec.structs.replace(facts, tls_wish=TlsWish.OPTIONAL)


def is_optional(scan: HeaderScan) -> bool:
    """``TLS-Required: No``, once (RFC 8689 3); anything else of that name says nothing."""
    fields = [field for name, field in scan.fields if name == FIELD]
    return len(fields) == 1 and _NO.fullmatch(fields[0]) is not None
