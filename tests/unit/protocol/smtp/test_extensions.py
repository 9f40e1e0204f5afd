from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp.extensions import Extensions, FutureRelease, Leniency, ehlo_reply, helo_reply

LIMITS = SmtpLimits(message_bytes=1000, messages=5, recipients=20)


def test_ehlo_lists_what_is_offered() -> None:
    reply = ehlo_reply("mx.example.test", Extensions(), LIMITS, is_tls=False)
    assert reply.code == 250
    assert reply.lines == (
        "mx.example.test",
        "PIPELINING",
        "SIZE 1000",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "CHUNKING",
        "BINARYMIME",
        "LIMITS MAILMAX=5 RCPTMAX=20",
        "HELP",
    )


def test_starttls_is_offered_in_the_clear_only() -> None:
    extensions = Extensions(is_starttls=True)
    assert "STARTTLS" in ehlo_reply("a.example", extensions, LIMITS, is_tls=False).lines
    assert "STARTTLS" not in ehlo_reply("a.example", extensions, LIMITS, is_tls=True).lines


def test_dsn_is_offered_where_it_is_honoured() -> None:
    assert "DSN" in ehlo_reply("a.example", Extensions(is_dsn=True), LIMITS, is_tls=False).lines


def test_what_may_be_said_of_time_is_offered_with_its_bounds() -> None:
    """RFC 4865 3, RFC 2852 2, RFC 6710 7."""
    later = Extensions(future_release=FutureRelease(86_400, 1_798_761_600_000), deliver_by_min_s=60, is_priority=True)
    lines = ehlo_reply("a.example", later, LIMITS, is_tls=False).lines
    assert {"FUTURERELEASE 86400 2027-01-01T00:00:00Z", "DELIVERBY 60", "MT-PRIORITY MIXER"} <= set(lines)


def test_announced_limits_have_six_digits_at_most() -> None:
    limits = SmtpLimits(messages=10_000_000, recipients=0)
    assert "LIMITS MAILMAX=999999 RCPTMAX=1" in ehlo_reply("a.example", Extensions(), limits, is_tls=False).lines


def test_no_reply_line_to_hello_has_an_enhanced_code() -> None:
    """RFC 2034 3."""
    assert helo_reply("a.example").encode() == b"250 a.example\r\n"
    assert ehlo_reply("a.example", Extensions(), LIMITS, is_tls=False).encode().startswith(b"250-a.example\r\n250-")


def test_the_leniencies_are_known() -> None:
    """Whoever adds one changes this test, and docs/rfc with it."""
    assert set(Leniency.__struct_fields__) == {"is_undeclared_8bit_accepted", "is_space_after_colon_accepted"}
