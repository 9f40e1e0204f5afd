"""Whether a chain holds (RFC 8617 5.2); beside it stands the suite in tests/vectors/test_arc.py."""

import pytest

from skrytka.mail.delivery.incoming import rescan
from skrytka.protocol.mailauth.arc.fields import Status
from skrytka.protocol.mailauth.arc.verify import chain_of, verify_chain
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.query import Query, run_with
from tests.support.arc import seal, validate
from tests.support.dkim import MESSAGE, NOW_S

SEALED = seal()
TWICE = seal(SEALED, 2)
THRICE = seal(TWICE, 3)


@pytest.mark.parametrize(("message", "count"), [(SEALED, 1), (TWICE, 2), (THRICE, 3)])
def test_a_chain_passes_and_names_its_sealers(message: bytes, count: int) -> None:
    found = validate(message)
    assert (found.status, found.detail) == (Status.PASS, "")
    assert found.sealers == ("example.org",) * count
    assert [b"i=%d;" % (number + 1) in field for number, field in enumerate(found.results)] == [True] * count
    assert found.is_from_signed


def test_a_message_that_nobody_has_sealed_is_none() -> None:
    assert validate(MESSAGE).status is Status.NONE


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b"We lost", b"We won"), "message signature: body_changed"),
        ((b"Subject: Is", b"Subject: Was"), "message signature: header_changed"),
        ((b"i=1; lists.example.org; dmarc=pass", b"i=1; lists.example.org; dmarc=fail"), "seal 3 does not hold"),
        ((b"i=3; lists.example.org; dmarc=pass", b"i=3; lists.example.org; dmarc=fail"), "seal 3 does not hold"),
        ((b"ARC-Seal: i=2;", b"ARC-Seal: i=2; t=5;"), "seal 3 does not hold"),
        ((b"ARC-Seal: i=3;", b"ARC-Seal: i=3; t=5;"), "seal 3 does not hold"),
        ((b"ARC-Seal: i=3; a=ed25519", b"ARC-Seal: i=3; a=rsa"), "seal of example.org: key_type"),
        ((b"h=from:subject", b"h="), "message signature: header_changed"),
    ],
)
def test_what_was_changed_on_the_way_breaks_it(change: tuple[bytes, bytes], why: str) -> None:
    found = validate(THRICE.replace(*change, 1))
    assert (found.status, found.detail, found.results) == (Status.FAIL, why, ())


def test_an_older_seal_is_looked_at_too() -> None:
    forged = seal(SEALED.replace(b"dmarc=pass", b"dmarc=fail", 1), 2)
    assert validate(forged).detail == "seal 1 does not hold"


def test_only_the_newest_message_signature_has_to_hold() -> None:
    changed = seal(SEALED.replace(b"Subject: Is", b"Subject: [list] Is"), 2)
    assert validate(changed).status is Status.PASS


def test_a_message_signature_has_the_rules_of_dkim_on_time() -> None:
    assert validate(seal(tags=f" t=1; x={NOW_S - 1000};")).detail == "message signature: expired"


def test_who_does_not_sign_from_passes_and_is_told_so() -> None:
    found = validate(seal(names="subject"))
    assert (found.status, found.is_from_signed) == (Status.PASS, False)


def test_dns_that_does_not_answer_is_a_failure() -> None:
    header = Header(rescan(SEALED).fields)
    sets = chain_of(header)
    assert isinstance(sets, tuple)
    key = Query("e1._domainkey.example.org", "TXT")
    found = run_with(verify_chain(header, sets, {}, NOW_S), {key: None})
    assert (found.status, found.detail) == (Status.FAIL, "message signature: key_unavailable")
