import base64
import hashlib
import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mailauth.dkim.body import BodyHash, BodyHasher, BodySpec
from skrytka.protocol.mailauth.dkim.canonical import Method
from tests.support.cpu import cpu_s

SIMPLE, RELAXED = BodySpec(Method.SIMPLE), BodySpec(Method.RELAXED)
# body, simple, relaxed
BODIES = [
    (b"", b"\r\n", b""),
    (b"\r\n", b"\r\n", b""),
    (b"\r\n\r\n", b"\r\n", b""),
    (b" \r\n\t\r\n", b" \r\n\t\r\n", b""),
    (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),  # RFC 6376 3.4.5
    (b"a", b"a\r\n", b"a\r\n"),
    (b"a \t", b"a \t\r\n", b"a\r\n"),
    (b"\r\n\r\na\r\n\r\nb\r\n", b"\r\n\r\na\r\n\r\nb\r\n", b"\r\n\r\na\r\n\r\nb\r\n"),
    (b"a\r\n \r\nb \r\n \r\n", b"a\r\n \r\nb \r\n \r\n", b"a\r\n\r\nb\r\n"),
    (b"a\r", b"a\r\r\n", b"a\r\r\n"),  # a bare CR or LF ends no line
    (b"a\n\n", b"a\n\n\r\n", b"a\n\n\r\n"),
    (b"a\r\r\n\n\r\n\r\n", b"a\r\r\n\n\r\n", b"a\r\r\n\n\r\n"),
    (b"a \r b \n c", b"a \r b \n c\r\n", b"a \r b \n c\r\n"),
    (b" \r", b" \r\r\n", b" \r\r\n"),
    (b"\n\r\n\r\n", b"\n\r\n", b"\n\r\n"),
]


def hashes(body: bytes, *specs: BodySpec, size: int = 10**9) -> dict[BodySpec, BodyHash]:
    hasher = BodyHasher(specs)
    for start in range(0, len(body), size):
        hasher.feed(body[start : start + size])
    return hasher.finish()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.mark.parametrize(("body", "simple", "relaxed"), BODIES)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_body_has_two_canonical_forms(body: bytes, simple: bytes, relaxed: bytes, size: int) -> None:
    assert hashes(body, SIMPLE, RELAXED, size=size) == {
        SIMPLE: BodyHash(sha256(simple)),
        RELAXED: BodyHash(sha256(relaxed)),
    }


def test_an_empty_body_has_the_hashes_of_the_rfc() -> None:
    """RFC 6376 3.4.3, 3.4.4."""
    found = {spec.method: base64.b64encode(body.digest) for spec, body in hashes(b"", SIMPLE, RELAXED).items()}
    assert found[Method.SIMPLE] == b"frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
    assert found[Method.RELAXED] == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize("size", [1, 1000])
def test_a_length_is_of_the_canonical_body(size: int) -> None:
    body = b"a  b \r\n\r\n\r\nc\r\n\r\n"
    canonical = b"a b\r\n\r\n\r\nc\r\n"
    specs = [BodySpec(Method.RELAXED, length) for length in range(20)]
    found = hashes(body, RELAXED, *specs, size=size)
    assert found == {RELAXED: BodyHash(sha256(canonical))} | {
        BodySpec(Method.RELAXED, length): BodyHash(sha256(canonical[:length]), len(canonical) - length)
        for length in range(len(canonical) + 1)
    }


def test_no_length_reaches_beyond_an_empty_body() -> None:
    specs = [BodySpec(method, length) for method in Method for length in range(4)]
    found = hashes(b"\r\n", *specs)
    assert {(spec.method, spec.length) for spec in found} == {
        (Method.RELAXED, 0),
        (Method.SIMPLE, 0),
        (Method.SIMPLE, 1),
        (Method.SIMPLE, 2),
    }


def test_nothing_wanted_is_nothing_done() -> None:
    assert hashes(b"a\r\n") == {}


def test_many_empty_lines_count_when_something_follows() -> None:
    body = b"a" + b"\r\n" * 10_000 + b"b\r\n"
    found = hashes(body + b"\r\n" * 10_000, SIMPLE, RELAXED, size=1000)
    assert found == dict.fromkeys((SIMPLE, RELAXED), BodyHash(sha256(body)))


def reference(body: bytes, method: Method) -> bytes:
    """RFC 6376 3.4.3 and 3.4.4 in so many words."""
    if method is Method.RELAXED:
        body = re.sub(rb"[ \t]+", b" ", re.sub(rb"[ \t]+(?=\r\n|\Z)", b"", body))
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n" if body or method is Method.SIMPLE else b""


PIECES = st.lists(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b" ", b"\t", b"a"]), max_size=8).map(b"".join))


@given(PIECES, st.integers(0, 12))
def test_however_the_body_is_cut_the_hashes_are_those_of_the_rfc(pieces: list[bytes], length: int) -> None:
    specs = [BodySpec(method, cut) for method in Method for cut in (None, length)]
    hasher = BodyHasher(specs)
    for piece in pieces:
        hasher.feed(piece)
    body = b"".join(pieces)
    expected = {}
    for method in Method:
        canonical = reference(body, method)
        expected[BodySpec(method)] = BodyHash(sha256(canonical))
        if length <= len(canonical):
            expected[BodySpec(method, length)] = BodyHash(sha256(canonical[:length]), len(canonical) - length)
    assert hasher.finish() == expected


@pytest.mark.parametrize(
    "unit", [b"\r\n", b" ", b"\t \t", b"\r", b"\n\r", b" \r\n", b"\r\n ", b"\r\nx", b"x" * 70 + b"\r\n"]
)
def test_time_and_memory_are_linear_whatever_is_repeated(unit: bytes) -> None:
    def work(size: int) -> None:
        hasher = BodyHasher([SIMPLE, RELAXED])
        body = unit * (size // len(unit))
        for start in range(0, len(body), 65_536):
            hasher.feed(body[start : start + 65_536])
            assert all(len(stream._held) <= 2 for stream in hasher._streams.values())
        hasher.finish()

    times = [cpu_s(partial(work, size)) for size in (500_000, 2_000_000)]
    assert times[1] < 12 * times[0] + 0.05
