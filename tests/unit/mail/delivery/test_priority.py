import msgspec
import pytest

from skrytka.mail.delivery.incoming import HeaderScan, scan_header
from skrytka.mail.delivery.priority import FIELD, field_priority, prioritized
from skrytka.mail.delivery.types import Transaction
from skrytka.model.address import NULL_REVERSE_PATH, Domain
from skrytka.model.ids import TraceId

FACTS = Transaction(
    trace=TraceId(b"t" * 16),
    received_at_ms=1,
    reverse_path=NULL_REVERSE_PATH,
    remote="192.0.2.1",
    helo=Domain.parse("a.test"),
    is_submission=True,
    priority_max=4,
)


def scan(*fields: str) -> HeaderScan:
    header = "".join(f"{field}\r\n" for field in (*fields, "From: a@b.test", "")).encode()
    return scan_header(header, hidden=frozenset({FIELD}))


@pytest.mark.parametrize(
    ("fields", "priority"),
    [
        (("MT-Priority: -3",), -3),  # RFC 6758 4
        (("MT-Priority: 4 (ultra)",), 4),
        (("mt-priority:\r\n (a (nested\\) one)) 0\r\n\t(b)",), 0),
        (("MT-Priority:9",), 9),
        (("MT-Priority: 10",), None),
        (("MT-Priority: +3",), None),
        (("MT-Priority: -0",), None),
        (("MT-Priority: 3 4",), None),
        (("MT-Priority: 3 (open",), None),
        (("MT-Priority: (3)",), None),
        (("MT-Priority:",), None),
        (("MT-Priority: 3", "MT-Priority: 3"), None),  # RFC 6758 3.1: a single one
        ((), None),
    ],
)
def test_a_single_field_says_it(fields: tuple[str, ...], priority: int | None) -> None:
    assert field_priority(scan(*fields)) == priority


@pytest.mark.parametrize(
    ("changes", "fields", "granted"),
    [
        ({}, ("MT-Priority: 3",), 3),
        ({}, ("MT-Priority: 9",), 4),
        ({}, ("MT-Priority: -9",), -9),
        ({}, (), None),
        ({"priority": -2}, ("MT-Priority: 3",), -2),  # what MAIL said counts
        ({"is_submission": False}, ("MT-Priority: -3",), None),  # nobody else is believed
        ({"priority_max": 0}, ("MT-Priority: 3",), 0),
    ],
)
def test_what_counts_is_what_the_sender_may(
    changes: dict[str, object], fields: tuple[str, ...], granted: int | None
) -> None:
    assert prioritized(msgspec.structs.replace(FACTS, **changes), scan(*fields)).priority == granted
