"""Sets of a chain: which fields make one, and what is none (RFC 8617 4, 5.2)."""

import pytest

from skrytka.protocol.mailauth.arc.fields import AS, CHAIN_MAX, SETS_MAX, ChainError, body_specs, read_sets
from tests.support.arc import seal
from tests.support.dkim import MESSAGE, header_of

SEALED = seal()
TWICE = seal(SEALED, 2)


def section(message: bytes) -> bytes:
    return message[: message.index(b"\r\n\r\n") + 4]


def test_sets_are_in_the_order_in_which_they_were_added() -> None:
    sets = read_sets(header_of(section(TWICE)))
    assert [each.seal.status for each in sets] == ["none", "pass"]
    assert [each.results[:32] for each in sets] == [
        b"ARC-Authentication-Results: i=1;",
        b"ARC-Authentication-Results: i=2;",
    ]
    assert {each.seal.key_name for each in sets} == {"e1._domainkey.example.org"}
    assert body_specs(sets) == {sets[-1].claim.body}


def test_a_message_without_them_has_no_chain() -> None:
    assert read_sets(header_of(section(MESSAGE))) == ()
    assert body_specs(()) == frozenset()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b"ARC-Authentication-Results: i=2;", b"ARC-Authentication-Results: i=1;"), "instances are not 1 to 2"),
        ((b"ARC-Authentication-Results: i=2;", b"X-Other: i=2;"), "instances are not 1 to 2"),
        ((b"ARC-Authentication-Results: i=2;", b"ARC-Authentication-Results: lists;"), "results without an instance"),
        ((b"ARC-Message-Signature: i=2;", b"ARC-Message-Signature: i=0;"), "a field without an instance"),
        ((b"ARC-Message-Signature: i=2;", b"ARC-Message-Signature: i=3;"), "instances are not 1 to 2"),
        ((b"ARC-Message-Signature: i=2;", b"ARC-Message-Signature: i=2; i=2;"), "message signature: syntax"),
        ((b"ARC-Seal: i=2;", b"ARC-Seal: "), "a field without an instance"),
        ((b"ARC-Seal: i=2;", b"ARC-Seal: i=51;"), "instances are not 1 to 2"),
        ((b"ARC-Seal: i=2;", b"ARC-Seal: i=2; h=from;"), "a seal with h="),
        ((b"ARC-Seal: i=2; a=ed25519-sha256;", b"ARC-Seal: i=2; a=rsa-sha1;"), "seal: sha1"),
        ((b"ARC-Seal: i=2; a=ed25519-sha256;", b"ARC-Seal: i=2;"), "seal: missing_tag"),
        ((b"ARC-Seal: i=2;", b"ARC-Seal: i=2; t=now;"), "seal: syntax"),
        ((b"ARC-Seal: i=2;", b"ARC-Seal: i=2; x=" + b"y" * 17_000 + b";"), "seal: too_long"),
        ((b"cv=pass", b"cv=fail"), "cv= of seal 2 is not pass"),
        ((b"cv=pass", b"cv=none"), "cv= of seal 2 is not pass"),
        ((b"cv=none", b"cv=pass"), "cv= of seal 1 is not none"),
        ((b"ARC-Seal: i=2;", b"X: " + b"y" * 10 + b"\r\nARC-Seal: i=2; z=" + b"y" * CHAIN_MAX + b";"), "too long"),
    ],
)
def test_a_broken_structure_is_told(change: tuple[bytes, bytes], why: str) -> None:
    with pytest.raises(ChainError, match=why):
        read_sets(header_of(section(TWICE.replace(*change, 1))))


def test_more_than_fifty_sets_are_none() -> None:
    header = header_of(b"ARC-Seal: i=1\r\n" * (SETS_MAX + 1) + b"\r\n")
    assert len(header.named(AS)) == SETS_MAX + 1
    with pytest.raises(ChainError, match="fifty"):
        read_sets(header)
