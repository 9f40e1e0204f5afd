import email.policy
from email import message_from_bytes

import pytest

from skrytka.model.address import Address
from skrytka.protocol.reports.notice import NoticeMail, write_notice

TEXT = "Zażółć gęślą jaźń.\n\nDruga linia.\n"


@pytest.mark.parametrize(
    "subject",
    ["Your account: the password was changed", "Twoje konto: dodano klucz dostępu lub klucz bezpieczeństwa " * 3 + "ż"],
)
def test_an_independent_reader_finds_what_was_said(subject: str) -> None:
    mail = NoticeMail(
        from_=Address.parse("postmaster@example.org"),
        to=Address.parse("alice@example.org"),
        subject=subject,
        text=TEXT,
        message_id="1@example.org",
        now_ms=1_800_000_000_000,
    )
    octets = write_notice(mail)
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert b"\n" not in octets.replace(b"\r\n", b"")
    read = message_from_bytes(octets, policy=email.policy.default)
    assert read["Subject"] == subject
    assert (read["From"], read["To"]) == ("postmaster@example.org", "alice@example.org")
    assert (read["Auto-Submitted"], read["Message-ID"]) == ("auto-generated", "<1@example.org>")
    assert read.get_content().replace("\r\n", "\n") == TEXT
