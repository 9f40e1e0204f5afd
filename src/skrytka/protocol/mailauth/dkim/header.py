"""The fields of one message, chosen by name as a signature names them (RFC 6376 3.7, 5.4.2)."""

from collections.abc import Iterable, Iterator, Sequence

from skrytka.protocol.mailauth.dkim.canonical import Method, canonical_field, without_signature


class Header:
    """Made once for all signatures of a message; each field has its relaxed form made once at most.

    Takes (name in lower case, whole field with its folds), from top to bottom, as they came: a field that is left out
    breaks whoever signed it. The time is linear in the fields, so a long header belongs into a thread.
    """

    def __init__(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        self._fields: dict[bytes, list[bytes]] = {}
        for name, field in fields:
            self._fields.setdefault(name, []).append(field)
        self._relaxed: dict[bytes, bytes] = {}

    def named(self, name: bytes) -> Sequence[bytes]:
        """All fields of that name, from top to bottom."""
        return self._fields.get(name, ())

    def chosen(self, names: Iterable[bytes], own: bytes | None = None) -> list[bytes]:
        """The fields that h= means: each name takes the next one upwards, or nothing when there is none left.

        ``own`` is the object among them that holds the signature: it is never one of the signed (RFC 6376 3.5, h=).
        """
        own_name = own.partition(b":")[0].rstrip(b" \t").lower() if own is not None else b""
        upwards: dict[bytes, Iterator[bytes]] = {}
        fields = []
        for name in names:
            if name not in upwards:
                found = self.named(name)
                if own is not None and name == own_name:
                    found = [field for field in found if field is not own]
                upwards[name] = reversed(found)
            field = next(upwards[name], None)
            if field is not None:
                fields.append(field)
        return fields

    def signed_octets(self, names: Iterable[bytes], method: Method, own: bytes) -> bytes:
        """What a signature is of: the chosen fields, then its own without b= and line end (RFC 6376 3.7, step 2)."""
        parts = [self._canonical(field, method) for field in self.chosen(names, own)]
        parts.append(canonical_field(without_signature(own), method)[:-2])
        return b"".join(parts)

    def _canonical(self, field: bytes, method: Method) -> bytes:
        if method is Method.SIMPLE:
            return canonical_field(field, method)
        found = self._relaxed.get(field)
        if found is None:
            found = self._relaxed[field] = canonical_field(field, method)
        return found
