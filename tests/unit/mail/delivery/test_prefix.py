import email
import email.policy

import msgspec
import pytest

from skrytka.mail.delivery.prefix import prefix_fields, relayed_field
from skrytka.mail.delivery.types import Transaction
from skrytka.model.address import NULL_REVERSE_PATH, Address, Domain, ReversePath
from skrytka.model.ids import TraceId

AT_MS = 1_800_000_000_123
FACTS = Transaction(
    trace=TraceId(bytes(16)),
    reverse_path=ReversePath(Address.parse("bob@example.net")),
    received_at_ms=AT_MS,
    remote="192.0.2.1",
    helo=Domain.parse("mail.example.net"),
    protocol="ESMTPS",
    tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
)
ALICE = Address.parse("alice@example.test")


def test_the_fields_read_as_rfc_5321_writes_them() -> None:
    fields = prefix_fields(FACTS, Address.parse("info@example.test"), ALICE, hostname="mx.example.test")
    assert fields == (
        b"Return-Path: <bob@example.net>\r\n"
        b"Delivered-To: alice@example.test\r\n"
        b"Received: from mail.example.net ([192.0.2.1])\r\n"
        b"\tby mx.example.test with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id 00000000000000000000000000\r\n"
        b"\tfor <info@example.test>; Fri, 15 Jan 2027 08:00:00 +0000\r\n"
    )


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"reverse_path": NULL_REVERSE_PATH}, "Return-Path", "<>"),
        ({"remote": "2001:db8::1"}, "Received", "([IPv6:2001:db8::1])"),
        ({"tls": "", "protocol": "SMTP"}, "Received", "with SMTP id 0"),
        ({"priority": -3}, "Received", "for <alice@example.test> PRIORITY -3; Fri"),
    ],
)
def test_what_is_special_is_written_as_the_rfc_wants(changes: dict[str, object], field: str, expected: str) -> None:
    facts = msgspec.structs.replace(FACTS, **changes)
    raw = prefix_fields(facts, ALICE, ALICE, hostname="mx.example.test") + b"\r\n"
    assert expected in email.message_from_bytes(raw, policy=email.policy.compat32)[field]


def test_an_internationalised_recipient_is_named_only_where_the_message_may_be_utf8() -> None:
    owner = Address.parse("ąę@example.test")
    with_it = prefix_fields(msgspec.structs.replace(FACTS, is_smtputf8=True), owner, ALICE, hostname="h")
    without = prefix_fields(FACTS, owner, ALICE, hostname="h")
    assert "for <ąę@example.test>".encode() in with_it
    assert without.isascii()


def test_a_copy_that_leaves_says_how_urgent_it_is_too() -> None:
    """RFC 6710 4.1, 2."""
    facts = msgspec.structs.replace(FACTS, priority=4, is_submission=True)
    assert relayed_field(facts, hostname="mx.example.test") == (
        b"Received: by mx.example.test with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id 00000000000000000000000000"
        b" PRIORITY 4;\r\n\tFri, 15 Jan 2027 08:00:00 +0000\r\n"
    )
