"""model/limits.py."""

from skrytka.model.limits import ImapLimits, SmtpLimits


def test_the_limits_are_no_smaller_than_the_rfcs_ask() -> None:
    smtp, imap = SmtpLimits(), ImapLimits()
    assert smtp.command_line_bytes >= 512  # RFC 5321 4.5.3.1.4
    assert smtp.text_line_bytes >= 1000  # RFC 5321 4.5.3.1.6
    assert smtp.recipients >= 100  # RFC 5321 4.5.3.1.8
    assert smtp.command_s >= 300  # RFC 5321 4.5.3.2.7
    assert imap.after_login_s >= 1800  # RFC 9051 5.4
    assert imap.line_bytes >= 8192  # RFC 7162 4
