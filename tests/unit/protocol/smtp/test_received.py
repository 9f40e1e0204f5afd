import pytest

from skrytka.protocol.smtp.received import date_text, with_protocol


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


def test_a_date_is_told_in_utc_with_two_digits_of_the_day() -> None:
    assert date_text(1_800_000_000_999) == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert date_text(0) == "Thu, 01 Jan 1970 00:00:00 +0000"
