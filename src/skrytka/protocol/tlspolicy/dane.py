"""DANE for SMTP (RFC 7672 2): whether a server has secure TLSA records, and what follows from them.

Only what a validating resolver vouches for counts (``Answer.is_authentic``); whatever it cannot say is a failure, and
the server is passed over (2.1.2). An answer of an unsigned zone is none: mail goes on as before DANE.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from skrytka.model.dns import Answer, Tlsa
from skrytka.protocol.mailauth.query import Check, Query
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy, Level, PolicyType

DANE_TA: Final = 2
DANE_EE: Final = 3
FULL: Final = 0
DIGEST_BYTES: Final = {1: 32, 2: 64}  # RFC 6698 2.1.3: SHA-256, SHA-512; the larger number is the stronger one
RECORDS_MAX: Final = 64  # of one server; each is compared with each certificate


def host_policy(
    host: str, port: int, next_hops: Sequence[str], addresses: Sequence[Answer]
) -> Check[HostPolicy | None]:
    """What TLSA records ask of a connection to ``host``; None: a look-up failed, so it must not be used now.

    ``next_hops``: the domain that the mail is for, and what it is an alias of (3.2.2), both learnt securely.
    ``addresses``: the answers that its addresses came from: unless they are secure, TLSA is not asked for (2.2.2).
    """
    bases = yield from _bases(host, addresses)
    for base in bases or ():
        answer = yield Query(f"_{port}._tcp.{base}", "TLSA")
        if answer is None:
            return None
        if answer.is_authentic and answer.associations:
            return _of_records(answer.associations, base, next_hops)
    return None if bases is None else NO_POLICY


def _bases(host: str, addresses: Sequence[Answer]) -> Check[list[str] | None]:
    """Candidates for the TLSA base domain, best first (2.2.2, 2.2.3); None: nobody can say."""
    found = [answer for answer in addresses if answer.texts]
    alias = next((answer.canonical for answer in found if answer.canonical not in {"", host}), None)
    is_secure = bool(found) and all(answer.is_authentic for answer in found)
    if alias is None:
        return [host] if any(answer.is_authentic for answer in found) else []
    if is_secure:
        return [alias, host]
    first = yield Query(host, "CNAME")  # the end of the chain is insecure: is its beginning too? (2.1.3)
    if first is None:
        return None
    return [host] if first.is_authentic else []


def _of_records(records: Sequence[Tlsa], base: str, next_hops: Sequence[str]) -> HostPolicy:
    """2.2: a server that has any has promised TLS, though nobody could prove it by what is unusable."""
    usable = strongest(record for record in records[:RECORDS_MAX] if is_usable(record))
    return HostPolicy(
        level=Level.PROVEN if usable else Level.ENCRYPTED,
        kind=PolicyType.TLSA,
        domain=base,
        strings=tuple(record_text(record) for record in records[:RECORDS_MAX]),
        names=(base, *(name for name in dict.fromkeys(next_hops) if name != base)),
        records=tuple(usable),
    )


def is_usable(record: Tlsa) -> bool:
    """RFC 6698 4.1, RFC 7672 3.1: PKIX-TA(0) and PKIX-EE(1) are not, nor is what nobody has defined."""
    if record.usage not in {DANE_TA, DANE_EE} or record.selector not in {0, 1}:
        return False
    if record.matching == FULL:
        return bool(record.data)
    return len(record.data) == DIGEST_BYTES.get(record.matching)


def strongest(records: Iterable[Tlsa]) -> list[Tlsa]:
    """RFC 7671 9: of digests of one usage and selector the strongest kind only; whole ones (Full) always."""
    given = list(dict.fromkeys(records))
    best: dict[tuple[int, int], int] = {}
    for record in given:
        key = record.usage, record.selector
        best[key] = max(best.get(key, FULL), record.matching)
    return [record for record in given if record.matching in {FULL, best[record.usage, record.selector]}]


def record_text(record: Tlsa) -> str:
    """As in a zone file: ``3 1 1 8CE0...``."""
    return f"{record.usage} {record.selector} {record.matching} {record.data.hex().upper()}"
