import re
from collections.abc import Callable

import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodySpec
from skrytka.protocol.mailauth.dkim.canonical import Method
from skrytka.protocol.mailauth.dkim.results import DkimReason, Result, SignatureResult
from skrytka.protocol.mailauth.dkim.sign import SigningKey
from skrytka.protocol.mailauth.dkim.signature import Claim, read_claims, signature_of
from skrytka.protocol.mailauth.dkim.verify import CLOCK_SKEW_S, KEYS_MAX, verify, verify_one, verify_read
from skrytka.protocol.mailauth.query import Query, run_with
from tests.support.dkim import (
    MESSAGE,
    NOW_S,
    RFC_6376,
    RFC_6376_KEYS,
    RFC_8463,
    RFC_8463_KEYS,
    answers,
    check,
    ed25519_key,
    handmade,
    header_of,
    own_records,
    rsa_key,
    signed,
)

E1 = Query("e1._domainkey.example.org", "TXT")
TAGS = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e1; h=From:To:Subject"


def only(message: bytes, *records: bytes | None, now_s: int = NOW_S) -> SignatureResult:
    """The result of a message with one signature; ``records`` instead of our key, None for nobody answering."""
    known = dict(own_records())
    if records:
        texts = tuple(record for record in records if record is not None)
        known[E1] = Answer(Status.NOERROR, texts) if texts else None
    (found,) = check(message, known, now_s=now_s)
    return found


def test_the_example_of_rfc_6376() -> None:
    (found,) = check(RFC_6376, answers(RFC_6376_KEYS))
    assert found == SignatureResult(
        Result.PASS,
        DkimReason.VERIFIED,
        "example.com",
        "brisbane",
        "joe@football.example.com",
        "rsa-sha256",
        1024,
        signed_from=(b"From: Joe SixPack <joe@football.example.com>\r\n",),
        is_every_from_signed=True,
    )


def test_the_example_of_rfc_8463() -> None:
    found = check(RFC_8463, answers(RFC_8463_KEYS))
    assert [(one.result, one.algorithm, one.key_bits) for one in found] == [
        (Result.PASS, "ed25519-sha256", 256),
        (Result.PASS, "rsa-sha256", 1024),
    ]
    assert {(one.identity, one.signed_at_s) for one in found} == {("@football.example.com", 1528637909)}


def test_a_message_without_a_signature_has_no_result() -> None:
    assert check(MESSAGE, {}) == ()


@pytest.mark.parametrize("message", [RFC_8463, RFC_6376], ids=["relaxed", "simple"])
def test_each_octet_of_a_signed_message_that_changes_is_noticed(message: bytes) -> None:
    """Of the field itself, all but the name of an unknown tag counts; case of a name does not, nor does white space."""
    keys = answers(RFC_8463_KEYS | RFC_6376_KEYS)
    is_relaxed = message is RFC_8463
    good = len(check(message, keys))
    for place in range(len(message)):
        octet = message[place : place + 1]
        if is_relaxed and (octet.isspace() or (octet.isalpha() and is_name(message, place))):
            continue
        changed = b"x" if octet != b"x" else b"y"
        found = check(message[:place] + changed + message[place + 1 :], keys)
        passed = sum(one.result is Result.PASS for one in found)
        assert passed < good, f"{place}: {message[max(0, place - 20) : place + 20]!r}"


def is_name(message: bytes, place: int) -> bool:
    """Whether the octet is part of a field's name."""
    line = message.rfind(b"\r\n", 0, place) + 2
    return message[line : line + 1] not in b" \t" and message.find(b":", line) > place


def test_octets_of_relaxed_names_and_white_space_do_not_matter_and_others_of_them_do() -> None:
    message = signed()
    assert only(message.replace(b"From:", b"FROM \t:")).result is Result.PASS
    assert only(message.replace(b"Is dinner", b"Is \r\n\t dinner")).result is Result.PASS
    assert only(message.replace(b"Is dinner", b"Isdinner")).reason is DkimReason.HEADER_CHANGED
    assert only(message.replace(b"From:", b"Frim:")).reason is DkimReason.HEADER_CHANGED
    assert only(message.replace(b"hungry yet", b"hungry\t  yet")).result is Result.PASS
    assert only(message + b"\r\n\r\n").result is Result.PASS
    assert only(message.replace(b"hungry yet", b"hungryyet")).reason is DkimReason.BODY_CHANGED
    assert only(message + b"x").reason is DkimReason.BODY_CHANGED


@pytest.mark.parametrize("name", [b"From", b"To", b"Subject", b"Reply-To", b"Content-Type", b"Cc", b"Message-ID"])
def test_a_field_added_to_an_oversigned_one_is_noticed(name: bytes) -> None:
    added = name + b": other@example.com\r\n"
    message = signed()
    head, _, rest = message.partition(b"\r\n\r\n")
    assert only(added + message).reason is DkimReason.HEADER_CHANGED
    assert only(head + b"\r\n" + added + b"\r\n" + rest).reason is DkimReason.HEADER_CHANGED


def test_a_second_from_that_is_not_signed_is_said() -> None:
    """RFC 6376 8.15: the signature is good, and the reader would see another author."""
    message = handmade(TAGS)
    found = only(b"From: boss@example.com\r\n" + message)
    assert found.result is Result.PASS
    assert found.signed_from == (b"From: Joe SixPack <joe@football.example.com>\r\n",)
    assert not found.is_every_from_signed
    assert only(message).is_every_from_signed


def test_two_from_fields_that_are_signed_are_both_told_from_below() -> None:
    message = handmade(TAGS.replace("h=From", "h=From:from:from"), b"From: a@example.org\r\n" + MESSAGE)
    found = only(message)
    assert found.result is Result.PASS
    assert [field[:8] for field in found.signed_from] == [b"From: Jo", b"From: a@"]
    assert found.is_every_from_signed


def test_a_message_without_from_has_none_that_is_signed() -> None:
    found = only(handmade(TAGS, MESSAGE.partition(b"\r\n")[2]))
    assert (found.result, found.signed_from, found.is_every_from_signed) == (Result.PASS, (), False)


@pytest.mark.parametrize("c", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed", "relaxed/relaxed"])
@pytest.mark.parametrize("key", [rsa_key, ed25519_key], ids=["rsa", "ed25519"])
def test_all_canonicalizations_with_both_algorithms(c: str, key: Callable[[], SigningKey]) -> None:
    signing = key()
    tags = f"v=1; a={signing.algorithm}; c={c}; d=example.org; s={signing.selector}; h=from : SUBJECT:date: from:x"
    message = handmade(tags, key=signing)
    (found,) = check(message, own_records())
    assert found.result is Result.PASS
    (found,) = check(message.replace(b"Joe.", b"Joe,"), own_records())
    assert found.reason is DkimReason.BODY_CHANGED
    (found,) = check(message.replace(b"dinner", b"Dinner"), own_records())
    assert found.reason is DkimReason.HEADER_CHANGED


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (None, DkimReason.KEY_UNAVAILABLE),
        (b"v=spf1 -all", DkimReason.KEY_SYNTAX),
        (b"v=DKIM1; p=", DkimReason.KEY_REVOKED),
        (b"v=DKIM1; p=" + rsa_key().record.partition("p=")[2].encode(), DkimReason.KEY_TYPE),
        (b"h=sha1; " + b"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", DkimReason.KEY_HASH),
        (b"k=ed25519; p=" + b"A" * 43 + b"=", DkimReason.HEADER_CHANGED),
    ],
)
def test_what_the_key_says_decides(record: bytes | None, reason: DkimReason) -> None:
    found = only(signed(), record)
    assert found.reason is reason
    assert (found.domain, found.selector, found.identity) == ("example.org", "e1", "@example.org")


def test_no_key_is_a_permanent_error() -> None:
    for answer in (Answer(Status.NXDOMAIN), Answer(Status.NODATA), Answer(Status.NOERROR)):
        (found,) = check(signed(), {E1: answer})
        assert (found.result, found.reason) == (Result.PERMERROR, DkimReason.NO_KEY)


def test_a_signature_that_does_not_name_from_covers_none() -> None:
    """As ARC's may be (RFC 8617 4.1.2)."""
    header = header_of(handmade("v=1; a=ed25519-sha256; d=example.org; s=e1; h=subject"))
    (claim,) = read_claims(header)
    assert isinstance(claim, Claim)
    found = run_with(verify_read(header, signature_of(claim), None, NOW_S), own_records())
    assert (found.signed_from, found.is_every_from_signed) == ((), False)


def test_all_keys_of_a_selector_are_tried_up_to_a_bound() -> None:
    good = ed25519_key().record.encode()
    other = b"k=ed25519; p=" + b"A" * 43 + b"="
    assert only(signed(), b"v=spf1 -all", b"p=", other, good).result is Result.PASS
    assert only(signed(), *[other] * KEYS_MAX, good).reason is DkimReason.HEADER_CHANGED
    assert only(signed(), b"p=", b"v=spf1 -all").reason is DkimReason.KEY_REVOKED


def test_a_key_in_testing_is_said_whether_it_verifies_or_not() -> None:
    record = ed25519_key().record.encode() + b"; t=y"
    assert only(signed(), record).is_testing
    failed = only(signed() + b"x", record)
    assert (failed.result, failed.is_testing) == (Result.FAIL, True)
    assert not only(signed()).is_testing


@pytest.mark.parametrize(
    ("identity", "is_strict", "reason"),
    [
        ("joe@example.org", True, DkimReason.VERIFIED),
        ("joe@sub.example.org", False, DkimReason.VERIFIED),
        ("joe@sub.example.org", True, DkimReason.DOMAIN_MISMATCH),
    ],
)
def test_a_strict_key_wants_the_domain_itself(identity: str, is_strict: bool, reason: DkimReason) -> None:
    record = ed25519_key().record.encode() + (b"; t=s" if is_strict else b"")
    assert only(handmade(f"{TAGS}; i={identity}"), record).reason is reason


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        (f"t={NOW_S}", DkimReason.VERIFIED),
        (f"t={NOW_S + CLOCK_SKEW_S}", DkimReason.VERIFIED),
        (f"t={NOW_S + CLOCK_SKEW_S + 1}", DkimReason.IN_FUTURE),
        (f"x={NOW_S - CLOCK_SKEW_S}", DkimReason.VERIFIED),
        (f"t=1; x={NOW_S - CLOCK_SKEW_S - 1}", DkimReason.EXPIRED),
        ("t=5; x=4", DkimReason.SYNTAX),
    ],
)
def test_times(times: str, reason: DkimReason) -> None:
    assert only(handmade(f"{TAGS}; {times}")).reason is reason


@pytest.mark.parametrize(
    ("length", "reason", "accepted", "unsigned"),
    [
        (0, DkimReason.PARTIAL_BODY, DkimReason.VERIFIED, 54),
        (53, DkimReason.PARTIAL_BODY, DkimReason.VERIFIED, 1),
        (54, DkimReason.VERIFIED, DkimReason.VERIFIED, 0),
        (55, DkimReason.BODY_CUT, DkimReason.BODY_CUT, 0),
    ],
)
def test_a_length_that_leaves_octets_out_is_no_pass_unless_wanted(
    length: int, reason: DkimReason, accepted: DkimReason, unsigned: int
) -> None:
    message = handmade(f"{TAGS}; l={length}")
    found = only(message)
    assert (found.reason, found.unsigned_octets) == (reason, unsigned)
    (found,) = check(message, own_records(), is_partial_body_accepted=True)
    assert (found.reason, found.unsigned_octets) == (accepted, unsigned)


def test_text_behind_the_length_is_told() -> None:
    message = handmade(f"{TAGS}; l=54") + b"buy this\r\n"
    assert only(message).reason is DkimReason.PARTIAL_BODY
    assert only(message).unsigned_octets == 10
    assert only(message.replace(b"Joe.", b"Bob.")).reason is DkimReason.BODY_CHANGED


def test_signatures_are_each_judged_on_their_own_and_in_order() -> None:
    forged = signed().replace(b"s=e1", b"s=e2")
    message = b"DKIM-Signature: v=1\r\nDKIM-Signature: nonsense\r\n" + forged.partition(b"From:")[0] + signed()
    message = signed(MESSAGE, rsa_key()).partition(b"From:")[0] + message
    found = check(message, own_records())
    assert [one.reason for one in found] == [
        DkimReason.VERIFIED,
        DkimReason.MISSING_TAG,
        DkimReason.SYNTAX,
        DkimReason.NO_KEY,
        DkimReason.VERIFIED,
    ]
    assert [one.algorithm for one in found if one.result is Result.PASS] == ["rsa-sha256", "ed25519-sha256"]


def test_ten_signatures_are_verified() -> None:
    fields = signed().partition(b"From:")[0] * 12
    found = check(fields + MESSAGE, own_records())
    assert [one.reason for one in found] == [DkimReason.VERIFIED] * 10 + [DkimReason.TOO_MANY]


def test_a_signature_may_sign_another() -> None:
    inner = signed()
    message = handmade(TAGS.replace("h=", "h=DKIM-Signature:"), inner)
    assert [one.result for one in check(message, own_records())] == [Result.PASS, Result.PASS]
    broken = message.replace(re.findall(rb" t=\d+", inner)[0], b" t=1")
    assert [one.result for one in check(broken, own_records())] == [Result.FAIL, Result.FAIL]


def test_sha1_is_refused_with_its_domain_and_without_a_look_up() -> None:
    """RFC 8301 3.1."""
    message = signed().replace(b"a=ed25519-sha256", b"a=rsa-sha1")
    found = only(message)
    assert (found.result, found.reason) == (Result.POLICY, DkimReason.SHA1)
    assert (found.domain, found.selector, found.algorithm) == ("example.org", "e1", "rsa-sha1")
    header = header_of(message)
    with pytest.raises(StopIteration):
        next(verify(header, read_claims(header), {}, NOW_S))


def test_u_labels_are_looked_up_as_a_labels_and_signed_as_they_stand() -> None:
    """RFC 8616 5."""
    message = handmade(TAGS.replace("example.org", "żółw.example"))
    key = Answer(Status.NOERROR, (ed25519_key().record.encode(),))
    name = "e1._domainkey.xn--w-uga1v8h.example"
    (found,) = check(message, {Query(name, "TXT"): key})
    assert (found.result, found.domain) == (Result.PASS, "xn--w-uga1v8h.example")
    (found,) = check(message.replace("żółw".encode(), b"xn--w-uga1v8h"), {Query(name, "TXT"): key})
    assert found.reason is DkimReason.HEADER_CHANGED


def test_one_signature_can_be_driven_alone() -> None:
    message = handmade(f"{TAGS}; l=0")
    header = header_of(message)
    (claim,) = read_claims(header)
    assert not isinstance(claim, SignatureResult)
    body = BodyHash(bytes(32), 5)
    assert run_with(verify_one(header, claim, body, NOW_S), own_records()).reason is DkimReason.BODY_CHANGED
    assert run_with(verify_one(header, claim, None, NOW_S), own_records()).reason is DkimReason.BODY_CUT
    assert claim.body == BodySpec(Method.RELAXED, 0)
