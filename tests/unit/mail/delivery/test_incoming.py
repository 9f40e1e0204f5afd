import time

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.delivery.incoming import HeaderFilter, HeaderScan
from skrytka.model.errors import PermanentError, Reason

OURS = "mx.example.test"


def run(message: bytes, *, cuts: int = 0, header_max: int = 10_000) -> tuple[bytes, HeaderScan]:
    """The filtered message, fed whole (0) or in pieces of ``cuts`` bytes."""
    header = HeaderFilter(OURS, header_max)
    step = cuts or max(1, len(message))
    out = b"".join(header.feed(message[at : at + step]) for at in range(0, len(message), step)) + header.finish()
    assert header.scan is not None
    return out, header.scan


CLAIMS = [
    (b" mx.example.test; spf=pass", True),
    (b"mx.example.test; none", True),
    (b" MX.Example.TEST 1; none", True),
    (b" mx.example.test.; none", True),
    (b' "mx.example.test"; none', True),
    (b' "mx.example\\.test"; none', True),
    (b" (a comment (nested) \\) here) mx.example.test; none", True),
    (b"\r\n mx.example.test;\r\n\tspf=pass", True),
    (b"\r\n\t(folded\r\n comment)\r\n mx.example.test;\r\n spf=pass", True),
    (b" ; none", True),
    ("\u00a0mx.example.test; none".encode(), True),
    ("mx.example.test\u00a0; none".encode(), True),
    ("\u3000mx\uff0eexample.test; none".encode(), True),
    (b"\0mx.example.test; none", True),
    ("\uff2d\uff38.\u00adexample\u3002test; none".encode(), True),
    (b" (never closed mx.example.test; none", True),
    (b"", True),
    (b" mx.example.org; spf=pass", False),
    (b" notmx.example.test; spf=pass", False),
    (b" other.test (mx.example.test); spf=pass", False),
    (b" other.test; auth=pass smtp.auth=mx.example.test", False),
]


@pytest.mark.parametrize(("value", "is_ours"), CLAIMS)
@pytest.mark.parametrize("name", [b"Authentication-Results:", b"AUTHENTICATION-results \t:"])
def test_results_that_claim_to_be_ours_are_removed_and_no_others(value: bytes, name: bytes, is_ours: bool) -> None:
    field = name + value + b"\r\n"
    message = b"From: a@b.test\r\n" + field + b"Subject: x\r\n\r\nAuthentication-Results: mx.example.test\r\n"
    out, scan = run(message)
    assert out == (message.replace(field, b"", 1) if is_ours else message)
    assert scan.removed_results == int(is_ours)


def test_our_name_in_unicode_is_recognised() -> None:
    header = HeaderFilter(idna.encode("mx.książka.test").decode(), 1000)
    assert header.feed("Authentication-Results: mx.Książka.test; none\r\n\r\n".encode()) == b"\r\n"


def test_thousands_of_names_in_unicode_cost_no_idna(monkeypatch: pytest.MonkeyPatch) -> None:
    header = HeaderFilter(OURS, 1_000_000)
    monkeypatch.setattr(idna, "encode", None)
    message = "Authentication-Results: \u0105\u0119.test; none\r\n".encode() * 1000 + b"\r\n"
    assert header.feed(message) == message


def test_everything_else_passes_unchanged() -> None:
    message = (
        b"Received: a\r\n b\r\nX:\r\n\tfold\r\nARC-Authentication-Results: i=1; mx.example.test\r\n\r\n\r\n.body\r\n"
    )
    out, scan = run(message)
    assert out == message
    assert scan.raw == message[: message.index(b"\r\n\r\n") + 4]
    assert scan.fields[1] == (b"x", b"X:\r\n\tfold\r\n")


def test_received_fields_are_counted_however_they_are_written() -> None:
    _, scan = run(b"Received: a\r\nRECEIVED : b\r\nX-Received: c\r\n\r\nReceived: in the body\r\n")
    assert scan.received_count == 2


@pytest.mark.parametrize(
    ("message", "raw"),
    [
        (b"", b""),
        (b"\r\nbody", b"\r\n"),
        (b"no colon, no end", b"no colon, no end"),
        (b" starts folded\r\nA: b\r\n\r\n", b" starts folded\r\nA: b\r\n\r\n"),
        (b"A: b\r\n", b"A: b\r\n"),
    ],
)
def test_odd_headers_are_kept_as_they_are(message: bytes, raw: bytes) -> None:
    out, scan = run(message)
    assert (out, scan.raw) == (message, raw)


def test_a_header_over_the_limit_is_refused_before_its_end() -> None:
    header = HeaderFilter(OURS, 100)
    for _ in range(10):
        header.feed(b"X: 12345\r\n")
    with pytest.raises(PermanentError) as caught:
        header.feed(b"X")
    assert caught.value.reason is Reason.TOO_LARGE


def test_a_body_may_be_longer_than_the_header_limit() -> None:
    message = b"A: b\r\n\r\n" + b"x" * 1000
    assert run(message, header_max=100)[0] == message
    assert run(message, cuts=7, header_max=100)[0] == message


@pytest.mark.parametrize("newline", [b"\r", b"\n"])
def test_a_bare_newline_in_the_header_is_seen_and_in_the_body_is_not(newline: bytes) -> None:
    assert run(b"A: b" + newline + b"c: d\r\n\r\n")[1].has_bare_newline
    assert not run(b"A: b\r\n\r\nx" + newline + b"y")[1].has_bare_newline


def test_thread_keys_are_read_from_the_header() -> None:
    _, scan = run(
        b"Message-ID: <m@x>\r\nReferences: <a@x>\r\n <b@x> <a@x>\r\nIn-Reply-To: your mail <c@x>\r\n"
        b"Subject: =?x?=\r\n folded\r\nDate: now\r\n\r\n"
    )
    assert scan.message_id == b"<m@x>"
    assert scan.references == (b"<a@x>", b"<b@x>", b"<c@x>")
    assert (scan.subject, scan.date) == (b"=?x?= folded", b"now")


def test_of_a_field_full_of_ids_the_end_is_read() -> None:
    ids = [b"<%d@x>" % number for number in range(20_000)]
    _, scan = run(b"References: " + b"".join(ids) + b"\r\nIn-Reply-To: <last@x>\r\n\r\n", header_max=1 << 20)
    began_s = time.process_time()
    assert scan.references == (*ids[-99:], b"<last@x>")
    assert time.process_time() - began_s < 0.005  # all of them: 20 ms
    _, scan = run(b"References: <" + b"a" * 40_000 + b"> <b@x>\r\n\r\n", header_max=1 << 20)
    assert scan.references == (b"<b@x>",)


PIECES = st.lists(
    st.sampled_from(
        [
            b"\r\n", b"\r", b"\n", b" ", b"\t", b":", b"A: b", b"Received: x", b"Authentication-Results:",
            b" mx.example.test", b"(", b")", b'"', b"\\", b";", b"\r\n\r\n", b"\0\xff",
        ]
    ),
    max_size=30,
)  # fmt: skip


@given(PIECES, st.integers(1, 7))
def test_whole_input_gives_what_pieces_give_and_only_whole_fields_vanish(pieces: list[bytes], cuts: int) -> None:
    message = b"".join(pieces)
    whole, scan = run(message)
    assert run(message, cuts=cuts) == (whole, scan)
    if not scan.removed_results:
        assert whole == message
    again, scan_again = run(whole)
    assert scan_again.removed_results == 0
    assert again == whole
