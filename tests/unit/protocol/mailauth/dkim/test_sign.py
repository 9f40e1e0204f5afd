import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.address import Domain
from skrytka.model.secret import Secret
from skrytka.protocol.mailauth.dkim.key import Algorithm, read_key
from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason, Result
from skrytka.protocol.mailauth.dkim.sign import COLUMNS_MAX, OVERSIGNED, SIGNED, SigningKey, sign, signed_names
from skrytka.protocol.mailauth.dkim.signature import Claim, read_claim, read_signature
from tests.support.dkim import (
    MESSAGE,
    NOW_S,
    body_hash,
    check,
    ed25519_key,
    header_of,
    own_records,
    pem,
    rsa_key,
    signed,
)

ORG = Domain("example.org")


def test_a_signature_is_the_same_each_time() -> None:
    field = signed().partition(b"From: ")[0]
    assert field.startswith(
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e1;\r\n"
        b" t=1790000000; h=from:from:to:to:cc:subject:subject:date:date:message-id\r\n"
        b" :message-id:reply-to:in-reply-to:references:mime-version:content-type\r\n"
        b" :content-transfer-encoding:content-disposition;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=\r\n "
    )
    assert field == signed().partition(b"From: ")[0]


@pytest.mark.parametrize("key", [rsa_key, ed25519_key], ids=["rsa", "ed25519"])
def test_lines_are_short_and_the_field_is_read_as_it_was_meant(key: Callable[[], SigningKey]) -> None:
    signing = key()
    fields = b"".join(name + b": x\r\n" for name in (*OVERSIGNED, *SIGNED)) * 3
    field = sign(header_of(fields), body_hash(b""), signing, NOW_S, expires_at_s=NOW_S + 1)
    assert field.endswith(b"\r\n")
    lines = field.split(b"\r\n")[:-1]
    assert max(map(len, lines)) <= COLUMNS_MAX
    assert all(line.startswith(b" ") and line.strip() for line in lines[1:])
    claim = read_claim(field)
    assert isinstance(claim, Claim)
    found = read_signature(claim)
    assert found.names == signed_names(header_of(fields))
    assert (found.signed_at_s, found.expires_at_s) == (NOW_S, NOW_S + 1)
    assert (found.domain, found.selector, found.identity) == ("example.org", signing.selector, "@example.org")
    assert found.body_hash == body_hash(b"").digest


def test_long_names_stand_on_a_line_of_their_own() -> None:
    domain = ".".join(["a" * 50] * 3)
    key = SigningKey(ed25519_key().private, Domain(domain), "s" * 60)
    lines = sign(header_of(MESSAGE), body_hash(b""), key, NOW_S).split(b"\r\n")
    assert f" d={domain};".encode() in lines
    assert max(len(line) for line in lines if b"d=" not in line) <= COLUMNS_MAX


def test_fields_are_named_once_more_than_they_are_there_or_as_often() -> None:
    names = signed_names(header_of(b"From: a\r\nList-Id: x\r\nreceived: y\r\nFROM: b\r\nList-Id: z\r\nX-A: b\r\n\r\n"))
    assert names[:3] == (b"from",) * 3
    assert names.count(b"list-id") == 2
    assert names.count(b"reply-to") == 1
    assert not {b"received", b"x-a", b"list-help", b"return-path"} & set(names)


def test_more_fields_than_verifiers_follow_are_not_signed() -> None:
    with pytest.raises(DkimError, match="too_long"):
        signed_names(header_of(b"To: a\r\n" * 300))


def test_a_key_publishes_what_verifies_it() -> None:
    assert ed25519_key().record == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8463 A.2
    assert ed25519_key().record_name == "e1._domainkey.example.org"
    assert rsa_key().record.startswith("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A")
    assert read_key(rsa_key().record.encode()).bits == 2048
    assert rsa_key().algorithm is Algorithm.RSA_SHA256


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (pem(generate_private_key(65537, 1024)), DkimReason.KEY_SIZE),
        (pem(generate_ec(SECP256R1())), DkimReason.KEY_TYPE),
        (Secret(b"no key"), DkimReason.KEY_SYNTAX),
    ],
)
def test_a_weak_or_foreign_key_signs_nothing(secret: Secret, reason: DkimReason) -> None:
    with pytest.raises(DkimError) as raised:
        SigningKey.load(secret, ORG, "x")
    assert raised.value.reason is reason


@pytest.mark.parametrize("selector", ["", "a b", "a;b", "a..b", "[192.0.2.1]"])
def test_a_selector_is_a_name(selector: str) -> None:
    with pytest.raises(DkimError, match="syntax"):
        SigningKey.load(pem(ed25519_key().private), ORG, selector)
    assert SigningKey.load(pem(ed25519_key().private), ORG, "A1.b").selector == "a1.b"


def test_a_key_does_not_print_its_secret() -> None:
    secret = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    assert secret.hex() not in repr(ed25519_key())
    assert str(secret) not in repr(ed25519_key())


NAMES = st.sampled_from([b"From", b"to", b"SUBJECT", b"Received", b"List-Id", b"X-A", b"DKIM-Signature", b"Date "])
TEXT = st.binary(max_size=20).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"\r\n\t"))
FIELDS = st.lists(st.tuples(NAMES, TEXT).map(b":".join), max_size=12)
BODY = st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"\xc5\xbc", b".", b"\0"])).map(b"".join)


@given(FIELDS, BODY, st.booleans())
def test_what_is_signed_verifies_whatever_it_is(fields: list[bytes], body: bytes, is_rsa: bool) -> None:
    section = b"".join(field + b"\r\n" for field in fields)
    message = signed(section + b"\r\n" + body, rsa_key() if is_rsa else ed25519_key())
    assert check(message, own_records())[0].result is Result.PASS
    assert check(message.replace(b":", b":x", 3), own_records())[0].result is not Result.PASS
    assert check(message + b"x", own_records())[0].reason is DkimReason.BODY_CHANGED
