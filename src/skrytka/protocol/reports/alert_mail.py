"""Mail that tells somebody of a login that may not be his, and an administrator of an account that is locked.

In the words of one language; another one is one more :class:`AlertWords`.
"""

from typing import Final

import msgspec

from skrytka.model.address import Address
from skrytka.protocol.reports.notice import NoticeMail, write_notice
from skrytka.protocol.smtp.received import date_text


class AlertWords(msgspec.Struct, frozen=True, kw_only=True):
    """All words of a language."""

    tag: str  # RFC 5646
    subject: str
    begin: str  # {address}, {time}
    service: str
    source: str
    country: str
    odd: str
    oddities: dict[str, str]
    was_you: str
    was_not_you: str
    link: str
    hours: str
    no_link: str
    locked_subject: str  # {address}
    locked: str  # {address}, {actor}
    locked_next: str


ENGLISH: Final = AlertWords(
    tag="en",
    subject="A login to your mail that is unusual",
    begin="Somebody logged in to {address} at {time}.",
    service="By: {value}",
    source="From the address: {value}",
    country="Country: {value}",
    odd="Unusual about it:",
    oddities={
        "new_network": "nobody logged in from this network before",
        "new_country": "nobody logged in from this country before",
        "new_device": "with a kind of program that was not used before",
        "impossible_travel": "the login before it came from a place that is too far away",
        "after_failures": "many wrong passwords were tried before it",
        "dormant": "nobody had logged in for a long time",
        "first_use": "it is the first login of an account that is not new",
        "under_attack": "many accounts here are being tried with stolen passwords now",
    },
    was_you="If it was you, there is nothing to do.",
    was_not_you="If it was not you, lock your account now. All sessions, app passwords and permissions of programs end,"
    " nothing can be sent, and your administrator helps you to a new password.",
    link="Open this page and confirm:",
    hours="It works once, for 24 hours.",
    no_link="Call your administrator. Do not answer this message.",
    locked_subject="Locked: {address}",
    locked="The account {address} is locked, since somebody else was in it. Who said so: {actor}.",
    locked_next="Its password, sessions, app passwords and the permissions of programs are gone, and what it had in the"
    " queue is held. Talk to its owner, then let him set a new password: skrytka account reset-password {address}."
    " Whoever was in may have added a passkey, which opens the pages alone: skrytka account factors {address} shows it,"
    " skrytka account reset-factors {address} takes all of them away."
    " If it was an error: skrytka account trust {address}.",
)

POLISH: Final = AlertWords(
    tag="pl",
    subject="Nietypowe logowanie do Twojej poczty",
    begin="Ktoś zalogował się do {address}: {time}.",
    service="Przez: {value}",
    source="Z adresu: {value}",
    country="Kraj: {value}",
    odd="Co w tym nietypowe:",
    oddities={
        "new_network": "z tej sieci nikt się dotąd nie logował",
        "new_country": "z tego kraju nikt się dotąd nie logował",
        "new_device": "programem takiego rodzaju, jakiego dotąd nie używano",
        "impossible_travel": "poprzednie logowanie było z miejsca zbyt odległego",
        "after_failures": "wcześniej próbowano wielu błędnych haseł",
        "dormant": "od dawna nikt się nie logował",
        "first_use": "to pierwsze logowanie na konto, które nie jest nowe",
        "under_attack": "ktoś próbuje teraz wielu kont na tym serwerze skradzionymi hasłami",
    },
    was_you="Jeśli to Ty, nic nie trzeba robić.",
    was_not_you="Jeśli to nie Ty, zablokuj teraz swoje konto. Skończą się wszystkie sesje, hasła programów i zgody dla"
    " programów, nic nie będzie można wysłać, a w nowym haśle pomoże administrator.",
    link="Otwórz tę stronę i potwierdź:",
    hours="Działa raz, przez 24 godziny.",
    no_link="Zadzwoń do administratora. Nie odpowiadaj na tę wiadomość.",
    locked_subject="Zablokowano: {address}",
    locked="Konto {address} jest zablokowane, bo był w nim ktoś inny. Zgłosił: {actor}.",
    locked_next="Nie ma już jego hasła, sesji, haseł programów ani zgód dla programów, a to, co miało w kolejce, jest"
    " wstrzymane. Porozmawiaj z właścicielem i pozwól mu ustawić nowe hasło: skrytka account reset-password {address}."
    " Kto był w koncie, mógł dodać klucz dostępu, który sam otwiera strony: skrytka account factors {address} pokazuje"
    " go, a skrytka account reset-factors {address} usuwa wszystkie."
    " Jeśli to pomyłka: skrytka account trust {address}.",
)

ALERT_LANGUAGES: Final = {words.tag: words for words in (ENGLISH, POLISH)}


class LoginAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A login that is told to its account's owner."""

    address: Address
    from_: Address
    message_id: str  # id-left@id-right
    now_ms: int
    service: str
    remote: str
    country: str  # "" where it is not known
    oddities: tuple[str, ...]
    link: str  # "" where there is no page


def write_login_alert(alert: LoginAlert, words: AlertWords) -> bytes:
    """The whole message."""
    lines = [
        words.begin.format(address=alert.address, time=date_text(alert.now_ms)),
        "",
        words.service.format(value=alert.service),
        words.source.format(value=alert.remote),
        *([words.country.format(value=alert.country)] if alert.country else []),
        "",
        words.odd,
        *(f"- {words.oddities[oddity]}" for oddity in alert.oddities),
        "",
        words.was_you,
        "",
        words.was_not_you,
        "",
        *([words.link, alert.link, words.hours] if alert.link else [words.no_link]),
    ]
    return _message(alert.from_, alert.address, words.subject, alert.message_id, alert.now_ms, lines)


def write_lock_notice(
    locked: Address, actor: str, from_: Address, to: Address, message_id: str, now_ms: int, words: AlertWords
) -> bytes:
    """What an administrator is told of an account that is locked."""
    lines = [words.locked.format(address=locked, actor=actor), "", words.locked_next.format(address=locked)]
    return _message(from_, to, words.locked_subject.format(address=locked), message_id, now_ms, lines)


def _message(from_: Address, to: Address, subject: str, message_id: str, now_ms: int, lines: list[str]) -> bytes:
    text = "".join(f"{line}\n" for line in lines)
    mail = NoticeMail(from_=from_, to=to, subject=subject, text=text, message_id=message_id, now_ms=now_ms)
    return write_notice(mail)
