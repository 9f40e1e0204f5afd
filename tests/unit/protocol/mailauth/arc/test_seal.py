"""Sets of our own: our verifier and dkimpy take them, and a chain that has no place for one is left alone."""

from collections.abc import Mapping
from functools import partial
from unittest.mock import patch

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.delivery.incoming import rescan
from skrytka.model.address import Domain
from skrytka.protocol.mailauth.arc.fields import CHAIN_MAX, SETS_MAX, Status, body_specs
from skrytka.protocol.mailauth.arc.seal import seal
from skrytka.protocol.mailauth.arc.verify import ChainResult, chain_of, verify_chain
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.results import DkimError
from skrytka.protocol.mailauth.dkim.sign import SigningKey
from skrytka.protocol.mailauth.query import run_with
from skrytka.protocol.mailauth.results import Found, results_field
from tests.support import arc
from tests.support.dkim import MESSAGE, NOW_S, answers, body_hash, ed25519_key, rsa_key
from tests.support.dkim import signed as dkim_signed

FOUND = (
    Found("spf", "pass", (("smtp.mailfrom", "a@b.example"),)),
    Found("dmarc", "pass", (("header.from", "b.example"),)),
)
RESULTS = results_field("mx.example.test", FOUND).encode()
RSA = SigningKey(rsa_key().private, Domain("sealer.example"), "r1")
ED25519 = SigningKey(ed25519_key().private, Domain("example.org"), "e1")
RECORDS = {key.record_name: key.record for key in (RSA, ED25519)}


def sealed(message: bytes, status: Status = Status.NONE, *, key: SigningKey = RSA, results: bytes = RESULTS) -> bytes:
    scan = rescan(message)
    return seal(Header(scan.fields), status, results, body_hash(message[len(scan.raw) :]), key, NOW_S) + message


def chain(message: bytes) -> ChainResult:
    scan = rescan(message)
    header = Header(scan.fields)
    sets = chain_of(header)
    if isinstance(sets, ChainResult):
        return sets
    hasher = BodyHasher(body_specs(sets))
    hasher.feed(message[len(scan.raw) :])
    return run_with(verify_chain(header, sets, hasher.finish(), NOW_S), answers(RECORDS))


def _txt(records: Mapping[str, str], name: bytes, timeout: int = 5) -> bytes | None:
    text = records.get(name.decode().rstrip("."))
    return None if text is None else text.encode()


def by_dkimpy(message: bytes) -> str:
    with patch.object(dkim.time, "time", lambda: float(NOW_S)):
        status, _sets, _why = dkim.arc_verify(message, dnsfunc=partial(_txt, RECORDS))
    said: str = status.decode()
    return said


@pytest.mark.parametrize(
    "message", [MESSAGE, dkim_signed(MESSAGE), b"Subject: \xc5\xbc\r\n\r\n", b"From: a@b.c\r\n\r\n"]
)
def test_a_set_of_ours_holds_for_us_and_for_dkimpy(message: bytes) -> None:
    first = sealed(message)
    found = chain(first)
    assert (found.status, found.sealers, found.is_from_signed) == (Status.PASS, ("sealer.example",), True)
    assert by_dkimpy(first) == "pass"
    second = sealed(first, Status.PASS)
    third = sealed(second, Status.PASS)
    assert chain(third).sealers == ("sealer.example",) * 3
    assert by_dkimpy(third) == "pass"


def test_ed25519_seals_where_there_is_no_other_key() -> None:
    once = sealed(MESSAGE, key=ED25519)
    assert chain(once).status is Status.PASS
    assert chain(sealed(once, Status.PASS)).sealers == ("example.org", "sealer.example")


def test_a_strangers_chain_goes_on() -> None:
    twice = arc.seal(arc.seal(), 2)
    assert chain(sealed(twice, Status.PASS)).sealers == ("example.org", "example.org", "sealer.example")


def test_what_it_has() -> None:
    """RFC 8617 4.1."""
    message = dkim_signed(MESSAGE)
    made = sealed(message)[: -len(message)]
    seal_field, signature, results = (field for _name, field in rescan(made + b"\r\n").fields)
    assert results == (
        b"ARC-Authentication-Results: i=1; mx.example.test;\r\n"
        b"\tspf=pass smtp.mailfrom=a@b.example;\r\n\tdmarc=pass header.from=b.example\r\n"
    )
    assert seal_field.startswith(b"ARC-Seal: i=1; a=rsa-sha256; d=sealer.example; s=r1; t=1790000000; cv=none;")
    assert b" h=" not in seal_field
    names = signature.partition(b"h=")[2].partition(b";")[0].replace(b"\r\n", b"").replace(b" ", b"").split(b":")
    assert names.count(b"from") == 2
    assert names.count(b"dkim-signature") == 1
    assert not {b"authentication-results", b"arc-seal", b"received"} & set(names)
    assert max(map(len, made.split(b"\r\n"))) <= 78


def test_one_of_several_signatures_taken_away_is_seen() -> None:
    twice = dkim_signed(dkim_signed(MESSAGE))
    whole = sealed(twice)
    assert chain(whole.replace(dkim_signed(MESSAGE), MESSAGE)).status is Status.FAIL


def test_a_broken_chain_is_marked_as_such_and_then_left_alone() -> None:
    """RFC 8617 5.1.2, and 5.1 step 2."""
    broken = arc.seal().replace(b"Subject: Is", b"Subject: Was")
    marked = sealed(broken, Status.FAIL)
    assert marked.startswith(b"ARC-Seal: i=2;")
    assert b" cv=fail;" in marked.partition(b"ARC-Message")[0]
    assert chain(marked).status is Status.FAIL
    assert by_dkimpy(marked) == "fail"
    assert sealed(marked, Status.FAIL) == marked


def test_nothing_is_added_where_there_is_no_place() -> None:
    assert sealed(MESSAGE, Status.PASS) == MESSAGE  # another chain than was looked at
    once = arc.seal()
    assert sealed(once, Status.NONE) == once
    assert sealed(b"ARC-Seal: i=50; cv=pass\r\n" + MESSAGE, Status.FAIL).startswith(b"ARC-Seal: i=50")
    assert sealed(b"ARC-Seal: nonsense\r\n" + MESSAGE, Status.FAIL).startswith(b"ARC-Seal: nonsense")
    assert sealed(MESSAGE, results=b"") == MESSAGE
    assert sealed(MESSAGE, results=RESULTS + b"\t" + b"x" * 20_000) == MESSAGE


def test_fifty_sets_are_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = MESSAGE
    for number in range(SETS_MAX):
        longer = sealed(whole, Status.PASS if number else Status.NONE, key=ED25519)
        if longer == whole:
            break
        whole = longer
    count = whole.count(b"ARC-Seal:")
    assert count == SETS_MAX or len(whole) > CHAIN_MAX - 2000
    assert chain(whole).status is Status.PASS
    assert sealed(whole, Status.PASS, key=ED25519) == whole


def test_a_header_that_nobody_would_follow_is_an_error() -> None:
    with pytest.raises(DkimError):
        sealed(b"DKIM-Signature: x\r\n" * 300 + MESSAGE)


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=40).map(str.encode)
NAMES = st.sampled_from([b"From", b"To", b"Subject", b"List-Id", b"DKIM-Signature", b"X"])
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
CHAIN_NAMES = st.sampled_from([b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"])


@given(FIELDS, st.binary(max_size=200))
def test_whatever_the_message_its_seal_holds(fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    header = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
    message = header + b"\r\n" + body.replace(b"\r", b"").replace(b"\n", b"\r\n")
    assert chain(sealed(sealed(message), Status.PASS)).status is Status.PASS


@given(st.lists(st.tuples(CHAIN_NAMES, VALUES)), st.sampled_from(Status))
def test_whatever_a_stranger_calls_a_chain_nothing_breaks(fields: list[tuple[bytes, bytes]], status: Status) -> None:
    message = b"".join(name + b": i=1; " + value + b"\r\n" for name, value in fields) + MESSAGE
    assert sealed(message, status).endswith(message)
