from skrytka.protocol.mailauth.dkim.canonical import Method
from skrytka.protocol.mailauth.dkim.header import Header

FIELDS = [
    (b"received", b"Received: <A>\r\n"),
    (b"received", b"Received: <B>\r\n"),
    (b"from", b"From : a@b\r\n"),
    (b"received", b"Received: <C>\r\n"),
]


def test_a_repeated_name_goes_upwards_and_then_means_nothing() -> None:
    """RFC 6376 5.4.2."""
    header = Header(FIELDS)
    assert header.chosen([b"received", b"received"]) == [b"Received: <C>\r\n", b"Received: <B>\r\n"]
    assert header.chosen([b"received", b"from", b"received", b"x", b"from", b"received", b"received"]) == [
        b"Received: <C>\r\n",
        b"From : a@b\r\n",
        b"Received: <B>\r\n",
        b"Received: <A>\r\n",
    ]
    assert header.chosen([]) == []
    assert header.named(b"from") == [b"From : a@b\r\n"]
    assert header.named(b"x") == ()


def test_a_signature_does_not_sign_itself() -> None:
    fields = [(b"dkim-signature", bytes(bytearray(b"DKIM-Signature: b=x"))) for _ in range(3)]
    fields[0] = (b"dkim-signature", b"DKIM-Signature: b=y")
    header = Header(fields)
    own = fields[2][1]
    names = [b"dkim-signature"] * 3
    assert header.chosen(names, own) == [b"DKIM-Signature: b=x", b"DKIM-Signature: b=y"]
    assert header.chosen(names, fields[0][1]) == [b"DKIM-Signature: b=x"] * 2
    assert len(header.chosen(names)) == 3


def test_what_is_signed_ends_with_the_signature_field_without_line_end() -> None:
    own = b"DKIM-Signature: a=b;\r\n b=c\r\n"
    header = Header([*FIELDS, (b"dkim-signature", own)])
    assert header.signed_octets([b"from", b"x"], Method.SIMPLE, own) == b"From : a@b\r\nDKIM-Signature: a=b;\r\n b="
    for _ in range(2):  # the second time from what it remembers
        assert header.signed_octets([b"from", b"received"], Method.RELAXED, own) == (
            b"from:a@b\r\nreceived:<C>\r\ndkim-signature:a=b; b="
        )
