"""DKIM: tag lists, signatures and keys are read or refused with a reason; nothing forged passes; time is bounded."""

import time
from contextlib import suppress
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.dkim.key import KeyRecord, read_key
from skrytka.protocol.mailauth.dkim.results import DkimError, Result, SignatureResult
from skrytka.protocol.mailauth.dkim.signature import read_claim, read_signature
from skrytka.protocol.mailauth.dkim.tags import read_tags
from tests.support.cpu import cpu_s
from tests.support.dkim import MESSAGE, RFC_6376_KEYS, check, ed25519_key, handmade, own_records, rsa_key, signed
from tests.support.sizes import pick

CPU_S = pick(2.0, 60.0)
WORDS = [
    *(
        b"v=1 a=rsa-sha256 a=ed25519-sha256 c=relaxed/simple c=simple d=example.org d=\xc5\xbc.pl s=e1 s=r1 h=From "
        b"h=from:to bh= b= l=0 l=99 q=dns/txt t=1 x=2 x=9999999999 i=@example.org i==40 z= v=DKIM1 k=rsa k=ed25519 "
        b"p= p=AAAA t=y t=s h=sha256 s=email s=* = == : / @ . [ ] % =4 =FF 0 9 \xff \x00 \x7f \xe2\x80\xae a A _"
    ).split(b" "),
    *[b"; "] * 30,
    *[b";", b" ", b"\t", b"\r\n ", b"\r\n", b"\r", b"\n"] * 2,
]
SEEDS = [
    signed().partition(b"From: ")[0],
    signed(MESSAGE, rsa_key(), expires_at_s=2**31).partition(b"From: ")[0],
    handmade("v=1; a=ed25519-sha256; d=example.org; s=e1; h=From; l=4; i=x@a.example.org").partition(b"From: ")[0],
    b"DKIM-Signature: " + rsa_key().record.encode(),
    b"DKIM-Signature: " + RFC_6376_KEYS["brisbane._domainkey.example.com"].encode() + b"; t=y:s; h=sha256; s=email",
]


def look_at(raw: bytes) -> None:
    """The value of a signature field or a key record, through every reader."""
    with suppress(DkimError):
        tags = read_tags(raw)
        assert all("\r" not in value and "\n" not in value and ";" not in value for value in tags.values())
    with suppress(DkimError):
        assert isinstance(read_key(raw), KeyRecord)
    claim = read_claim(b"DKIM-Signature:" + raw)
    if isinstance(claim, SignatureResult):
        assert claim.result is not Result.PASS
        return
    with suppress(DkimError):
        found = read_signature(claim)
        assert found.key_name.isascii()
        assert found.identity.isprintable()


@given(st.binary(max_size=300) | st.lists(st.sampled_from(WORDS), max_size=40).map(b"".join))
def test_any_octets_are_read_or_refused(raw: bytes) -> None:
    look_at(raw)


def test_changed_signatures_are_refused_and_changed_keys_verify_nothing() -> None:
    random = Random(time.time_ns())
    seed = random.randrange(2**32)
    random.seed(seed)
    until = time.process_time() + CPU_S
    good = [raw for raw in SEEDS if b"bh=" in raw]
    while time.process_time() < until:
        raw = random.choice(SEEDS)
        for _ in range(random.randrange(1, 4)):
            start = random.randrange(len(b"DKIM-Signature:"), len(raw))
            raw = raw[:start] + random.choice(WORDS) + raw[start + random.randrange(6) :]
        try:
            look_at(raw.partition(b":")[2])
            field = raw.rstrip(b"\r\n") + b"\r\n"
            record = Answer(Status.NOERROR, (raw.partition(b":")[2], raw))
            for found in check(field + MESSAGE, dict.fromkeys(own_records(), record)):
                assert found.result is not Result.PASS
            for found in check(field + MESSAGE, own_records()):
                assert found.result is not Result.PASS or any(squeezed(field) == squeezed(one) for one in good)
        except Exception as exc:
            raise AssertionError(f"seed {seed}: {raw!r}") from exc


def squeezed(field: bytes) -> bytes:
    """Without white space: relaxed canonicalization, and b= anyway, let some of it change."""
    return b"".join(field.split())


UNITS = [
    b";",
    b"a=;",
    b"h=from:",
    b":",
    b"=",
    b" ",
    b"\r\n ",
    b"b=",
    b"A",
    b"=41",
    b"\xc5\xbc.",
    b"\xc5\xbc",
    b"; \t",
    b"a.",
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("prefix", [b"", b"v=1; a=rsa-sha256; s=a; h=from; bh=; b=; i=@", b"h=", b"d=", b"p=", b"b="])
def test_no_field_and_no_record_takes_longer_than_it_may(prefix: bytes, unit: bytes) -> None:
    """RFC 6376 8.4: 16 KiB are the most that is read of one; a front gives a step a millisecond."""
    raw = prefix + unit * (16_000 // len(unit))
    assert cpu_s(partial(look_at, raw), rounds=5) < 0.005


@pytest.mark.parametrize(
    "record", [b"p=" + b"A" * 4000, b"k=ed25519; p=" + b"A" * 43 + b"=", ed25519_key().record.encode()]
)
def test_ten_signatures_and_many_keys_take_their_time_and_no_more(record: bytes) -> None:
    names = ":".join(["From"] * 250)
    field = handmade(f"v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e1; h={names}").partition(b"From: ")[
        0
    ]
    message = field * 50 + MESSAGE
    answer = Answer(Status.NOERROR, (record,) * 50)
    assert cpu_s(partial(check, message, dict.fromkeys(own_records(), answer))) < 0.05
