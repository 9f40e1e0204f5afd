import pytest

from skrytka.model.address import Address, Domain
from skrytka.model.ids import TraceId
from skrytka.protocol.smtp.received import Trace, address_literal, date_text, iana_cipher, received, with_protocol

TRACE = Trace(
    helo=Domain.parse("client.example.org"),
    remote="192.0.2.1",
    hostname="mx.example.test",
    protocol="ESMTP",
    trace=TraceId(bytes(16)),
    at_ms=1_795_344_000_000,
)


def field(**changes: object) -> str:
    values = {name: getattr(TRACE, name) for name in Trace.__struct_fields__} | changes
    return received(Trace(**values)).decode()


def test_the_field_says_from_by_with_id_and_when() -> None:
    assert field() == (
        "Received: from client.example.org ([192.0.2.1])\r\n"
        "\tby mx.example.test with ESMTP id 00000000000000000000000000;\r\n"
        "\tSun, 22 Nov 2026 10:40:00 +0000\r\n"
    )


def test_for_names_the_one_recipient() -> None:
    assert "\r\n\tfor <bob@example.test>;\r\n" in field(recipient=Address.parse("bob@example.test"))
    assert 'for <"a b"@example.test>;' in field(recipient=Address.parse('"a b"@example.test'))


def test_a_utf8_recipient_is_named_only_with_smtputf8() -> None:
    recipient = Address.parse("łukasz@example.test")
    assert "for" not in field(recipient=recipient)
    assert "for <łukasz@example.test>" in field(recipient=recipient, is_smtputf8=True)


def test_tls_is_said_by_its_registered_name() -> None:
    assert "\r\n\ttls TLS_AES_256_GCM_SHA384;" in field(tls="TLSv1.3 TLS_AES_256_GCM_SHA384")
    said = field(tls="TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256")
    assert "\r\n\ttls TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;" in said


def test_an_unregistered_suite_is_a_comment() -> None:
    assert "\r\n\t(TLSv1.2 AES128-SHA);" in field(tls="TLSv1.2 AES128-SHA")
    assert "\r\n\t(TLS);" in field(tls="TLSv1.2 a)b")


@pytest.mark.parametrize(
    ("openssl", "registered"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("AES128-SHA", None),
    ],
)
def test_openssl_names_become_registered_ones(openssl: str, registered: str | None) -> None:
    assert iana_cipher(openssl) == registered


@pytest.mark.parametrize(
    ("is_extended", "is_tls", "is_smtputf8", "is_authenticated", "expected"),
    [
        (False, False, False, False, "SMTP"),
        (False, True, False, False, "SMTP"),
        (True, False, False, False, "ESMTP"),
        (True, True, False, False, "ESMTPS"),
        (True, True, False, True, "ESMTPSA"),
        (True, False, True, False, "UTF8SMTP"),
        (True, True, True, False, "UTF8SMTPS"),
        (True, True, True, True, "UTF8SMTPSA"),
    ],
)
def test_the_protocol_is_a_registered_word(
    is_extended: bool, is_tls: bool, is_smtputf8: bool, is_authenticated: bool, expected: str
) -> None:
    said = with_protocol(
        is_extended=is_extended, is_tls=is_tls, is_smtputf8=is_smtputf8, is_authenticated=is_authenticated
    )
    assert said == expected


def test_addresses_are_literals() -> None:
    assert address_literal("192.0.2.1") == "[192.0.2.1]"
    assert address_literal("2001:db8::1") == "[IPv6:2001:db8::1]"


def test_days_have_no_leading_zero_needed() -> None:
    assert date_text(1_800_000_000_000) == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert date_text(0) == "Thu, 1 Jan 1970 00:00:00 +0000"
