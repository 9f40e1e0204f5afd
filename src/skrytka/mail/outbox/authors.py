"""The domain that a message of ours speaks for: the one in its From field (RFC 5322 3.6.2).

An inspector takes the field apart. What it found is kept by the octets of the field: a person's From is
always the same.
"""

from collections import OrderedDict
from typing import Final

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.inspector import Inspector
from skrytka.inspect.wire import INLINE_MAX_BYTES
from skrytka.model.address import AddressError, Domain

FIELDS_MAX: Final = 5_000
FIELD_BYTES_MAX: Final = 500  # of one that is kept


class Authors:
    """One per process."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self._known: OrderedDict[bytes, Domain | None] = OrderedDict()

    async def domain_of(self, value: bytes) -> Domain | None:
        """That of the first address of a From field; None when it cannot be read. TransientError(INSPECTOR_DOWN)."""
        if value in self._known:
            return self._known[value]
        found = await self._read(value) if len(value) <= INLINE_MAX_BYTES else None
        if len(value) <= FIELD_BYTES_MAX:
            if len(self._known) >= FIELDS_MAX:
                self._known.popitem(last=False)
            self._known[value] = found
        return found

    async def _read(self, value: bytes) -> Domain | None:
        try:
            found = await self._inspector.mailboxes(value)
            return Domain.parse(found[0].domain.decode()) if found else None
        except (PoisonedMessageError, AddressError, UnicodeDecodeError):
            return None
