from email import message_from_bytes, policy
from email.message import EmailMessage
from string import Formatter

import pytest

from skrytka.mail.identity.attacks.odd import Oddity
from skrytka.model.address import Address
from skrytka.protocol.reports.alert_mail import (
    ALERT_LANGUAGES,
    ENGLISH,
    POLISH,
    AlertWords,
    LoginAlert,
    write_lock_notice,
    write_login_alert,
)

ANN = Address.parse("ann@example.org")
FROM = Address.parse("postmaster@example.org")
LINK = "https://mail.example.org:8442/not-me/7-" + "a" * 40


def read(octets: bytes) -> EmailMessage:
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 78
    found = message_from_bytes(octets, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def alert(link: str = LINK, country: str = "AU") -> LoginAlert:
    return LoginAlert(
        address=ANN,
        from_=FROM,
        message_id="1@mx.example.org",
        now_ms=1_800_000_000_000,
        service="imaps (PLAIN)",
        remote="192.0.2.7",
        country=country,
        oddities=tuple(each.value for each in Oddity),
        link=link,
    )


@pytest.mark.parametrize("words", ALERT_LANGUAGES.values(), ids=ALERT_LANGUAGES)
def test_the_owner_reads_what_happened_why_it_is_odd_and_what_to_do(words: AlertWords) -> None:
    mail = read(write_login_alert(alert(), words))
    assert (mail["From"], mail["To"]) == ("postmaster@example.org", "ann@example.org")
    assert mail["Subject"] == words.subject
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    for said in ("ann@example.org", "192.0.2.7", "imaps (PLAIN)", "AU", LINK, *words.oddities.values()):
        assert said in text


@pytest.mark.parametrize("words", ALERT_LANGUAGES.values(), ids=ALERT_LANGUAGES)
def test_without_pages_and_country_he_is_told_whom_to_call(words: AlertWords) -> None:
    text = read(write_login_alert(alert("", ""), words)).get_content()
    assert words.no_link in text
    assert words.country.format(value="") not in text
    assert "http" not in text


@pytest.mark.parametrize("words", ALERT_LANGUAGES.values(), ids=ALERT_LANGUAGES)
def test_an_administrator_reads_who_locked_what_and_what_comes_next(words: AlertWords) -> None:
    mail = read(write_lock_notice(ANN, "owner", FROM, FROM, "1@mx.example.org", 0, words))
    assert mail["Subject"] == words.locked_subject.format(address=ANN)
    assert "skrytka account reset-password ann@example.org" in mail.get_content()
    assert "skrytka account reset-factors ann@example.org" in mail.get_content()  # his passkey would open it again


def test_each_language_says_all_of_it() -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    assert set(ENGLISH.oddities) == set(POLISH.oddities) == {each.value for each in Oddity}
    for name in AlertWords.__struct_fields__:
        if name != "oddities":
            assert fields(getattr(ENGLISH, name)) == fields(getattr(POLISH, name))


def test_a_long_subject_is_folded_between_characters() -> None:
    long = Address.parse("ż" * 30 + "@example.org")
    mail = read(write_lock_notice(long, "owner", FROM, FROM, "1@mx.example.org", 0, POLISH))
    assert mail["Subject"] == POLISH.locked_subject.format(address=long)


def test_an_address_that_is_not_ascii_is_told_too() -> None:
    zofia = Address.parse("żółw@example.org")
    octets = write_lock_notice(zofia, "owner", FROM, zofia, "1@mx.example.org", 0, ENGLISH)
    assert "To: <żółw@example.org>\r\n".encode() in octets
