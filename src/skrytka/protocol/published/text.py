"""Records as a zone file of BIND has them (RFC 1035 5.1)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from skrytka.model.dns import Caa, Mx, Record, Srv, Tlsa
from skrytka.protocol.published.wanted import LOOKED_AT, Facts, Kind, Wanted, is_within

TTL_S: Final = 3600
_STRING_MAX: Final = 255  # RFC 1035 3.3: octets of one string of a TXT record
_NAMES: Final = frozenset({"CNAME", "NS", "PTR"})


def record_text(rdtype: str, record: Record) -> str:
    """What stands behind the type."""
    match record:
        case bytes():
            return " ".join(_strings(record))
        case Mx(preference=preference, exchange=exchange):
            return f"{preference} {exchange}."
        case Tlsa():
            return f"{record.usage} {record.selector} {record.matching} {record.data.hex()}"
        case Srv():
            return f"{record.priority} {record.weight} {record.port} {record.target}."
        case Caa():
            return f"{record.flags} {record.tag} {_quoted(record.value.encode())}"
        case str():
            return f"{record}." if rdtype in _NAMES else record


def line(wanted: Wanted) -> str:
    """One line of a zone file; of what cannot be written, what has to be found out."""
    value = f"<address of {wanted.name}>" if wanted.record is None else record_text(wanted.rdtype, wanted.record)
    return f"{wanted.name}. {TTL_S} IN {wanted.rdtype} {value}"


def zone_file(facts: Facts, records: Sequence[Wanted]) -> str:
    """Ready to be pasted into the zone of the domain; what belongs elsewhere stands there as a comment."""
    written = [each for each in records if each.kind not in LOOKED_AT]
    here = [each for each in written if is_within(each.name, facts.domain)]
    needed = [line(each) for each in here if not each.is_optional and each.record is not None]
    places = [
        ("", needed),
        ("to be filled in", _comments(each for each in here if each.record is None)),
        ("may be left out", [line(each) for each in here if each.is_optional]),
        ("in the zone of the server", _comments(each for each in written if _is_elsewhere(each, facts))),
        ("where the addresses come from", _comments(each for each in written if each.kind is Kind.REVERSE)),
    ]
    lines = [f"; {facts.domain}"]
    for title, found in places:
        if title and found:
            lines += ["", f"; {title}:"]
        lines += found
    return "\n".join(lines) + "\n"


def _is_elsewhere(wanted: Wanted, facts: Facts) -> bool:
    return wanted.kind is not Kind.REVERSE and not is_within(wanted.name, facts.domain)


def _comments(records: Iterable[Wanted]) -> list[str]:
    return [f"; {line(each)}" for each in records]


def _strings(octets: bytes) -> Iterator[str]:
    for start in range(0, max(1, len(octets)), _STRING_MAX):
        yield _quoted(octets[start : start + _STRING_MAX])


def _quoted(octets: bytes) -> str:
    """RFC 1035 5.1: a quote and a backslash are quoted, what is not printable is a number."""
    text = "".join(
        f"\\{chr(octet)}" if octet in b'"\\' else chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03}"
        for octet in octets
    )
    return f'"{text}"'
