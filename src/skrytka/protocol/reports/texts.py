"""What a report says to a person, by language: what happened, why, and what may be done about it.

The why follows from the status code (RFC 3463, with the codes that were added later): first the whole code without its
class, then its subject alone. Another language is one more :class:`Words`; the test asks that it says everything.
"""

from enum import StrEnum
from typing import Final

import msgspec


class ReportAction(StrEnum):
    """RFC 3464 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Cause(msgspec.Struct, frozen=True):
    """Two sentences. Advice is for a failure: of a delay nothing needs to be done."""

    why: str
    advice: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """All words of a language."""

    tag: str  # RFC 5646
    sender: str  # the name beside the address in From
    server: str  # {hostname}
    subjects: dict[ReportAction, str]
    sentences: dict[ReportAction, str]  # the address comes below
    said: str  # {host}
    detail: str
    until: str  # {date}
    not_again: str
    returned: str
    late: Cause  # the sender's own time has passed
    causes: dict[str, Cause]
    unknown: Cause


ENGLISH: Final = Words(
    tag="en",
    sender="Mail delivery",
    server="This is the mail server {hostname}.",
    subjects={
        ReportAction.FAILED: "Your message could not be delivered",
        ReportAction.DELAYED: "Your message is delayed",
        ReportAction.RELAYED: "Your message was handed on",
        ReportAction.EXPANDED: "Your message was delivered to a group",
        ReportAction.DELIVERED: "Your message was delivered",
    },
    sentences={
        ReportAction.FAILED: "Your message could not be delivered to",
        ReportAction.DELAYED: "Your message could not be delivered yet, and will be tried again, to",
        ReportAction.RELAYED: "Your message was handed to the next server, which may not tell you more, for",
        ReportAction.EXPANDED: "Your message was delivered to the members of",
        ReportAction.DELIVERED: "Your message was delivered to",
    },
    said="{host} said:",
    detail="In detail:",
    until="It will be tried until {date}.",
    not_again="You need not send a delayed message again.",
    returned="Your message, or its header, is attached.",
    late=Cause("The time by which you wanted it delivered has passed.", "Send it again if it is still of use."),
    causes={
        "1.1": Cause("There is no such address at that server.", "Look whether it is written as it should be."),
        "1.2": Cause(
            "The domain of the address does not exist, or takes no mail.", "Look whether it is written as it should be."
        ),
        "1.10": Cause("The domain of the address takes no mail.", "Reach the recipient in another way."),
        "1": Cause("The server does not take this address.", "Look whether it is written as it should be."),
        "2.1": Cause("The mailbox is closed.", "Reach the recipient in another way."),
        "2.2": Cause("The mailbox is full.", "Send the message again in a few days, or reach the recipient otherwise."),
        "2.3": Cause("The message is too large for the mailbox.", "Send it in parts, or a link to a file."),
        "2": Cause("The mailbox cannot take the message.", "Send it again later, or reach the recipient otherwise."),
        "3.4": Cause("The message is too large for that server.", "Send it in parts, or a link to a file."),
        "3": Cause("The server had trouble of its own.", "Send the message again later."),
        "4.1": Cause("The server does not answer.", "Send the message again later, or ask the recipient."),
        "4.3": Cause("The domain of the address could not be looked up.", "Send the message again later."),
        "4.6": Cause("The message went round in a circle.", "Tell the recipient: his mail is forwarded wrongly."),
        "4.7": Cause("It was tried for as long as it is worth trying.", "Ask the recipient whether his server works."),
        "4": Cause("The server could not be reached.", "Send the message again later."),
        "6.7": Cause(
            "That server cannot handle addresses with letters beyond ASCII.",
            "Ask the recipient for an address in plain letters, or send from one.",
        ),
        "6": Cause("That server cannot handle this kind of message.", "Send it in another form, such as plain text."),
        "7": Cause(
            "The server did not permit the message.", "Its words below say more; the recipient's postmaster may help."
        ),
    },
    unknown=Cause("The server did not take the message.", "Its words below may say why."),
)
POLISH: Final = Words(
    tag="pl",
    sender="Poczta",
    server="To jest serwer poczty {hostname}.",
    subjects={
        ReportAction.FAILED: "Nie udało się doręczyć wiadomości",
        ReportAction.DELAYED: "Wiadomość jest opóźniona",
        ReportAction.RELAYED: "Wiadomość została przekazana",
        ReportAction.EXPANDED: "Wiadomość doręczono do grupy",
        ReportAction.DELIVERED: "Wiadomość została doręczona",
    },
    sentences={
        ReportAction.FAILED: "Nie udało się doręczyć Twojej wiadomości do",
        ReportAction.DELAYED: "Twojej wiadomości jeszcze nie udało się doręczyć, będą dalsze próby, do",
        ReportAction.RELAYED: "Twoją wiadomość przejął kolejny serwer, który może nie powiedzieć nic więcej, dla",
        ReportAction.EXPANDED: "Twoja wiadomość została doręczona członkom grupy",
        ReportAction.DELIVERED: "Twoja wiadomość została doręczona do",
    },
    said="{host} odpowiedział:",
    detail="Szczegóły:",
    until="Próby potrwają do {date}.",
    not_again="Opóźnionej wiadomości nie trzeba wysyłać ponownie.",
    returned="Twoja wiadomość albo jej nagłówek jest w załączniku.",
    late=Cause("Minął czas, do którego miała zostać doręczona.", "Wyślij ją ponownie, jeśli jest jeszcze potrzebna."),
    causes={
        "1.1": Cause("Na tamtym serwerze nie ma takiego adresu.", "Sprawdź, czy adres jest poprawnie zapisany."),
        "1.2": Cause(
            "Domena z tego adresu nie istnieje albo nie przyjmuje poczty.",
            "Sprawdź, czy adres jest poprawnie zapisany.",
        ),
        "1.10": Cause("Domena z tego adresu nie przyjmuje poczty.", "Skontaktuj się z odbiorcą w inny sposób."),
        "1": Cause("Serwer nie przyjmuje tego adresu.", "Sprawdź, czy adres jest poprawnie zapisany."),
        "2.1": Cause("Skrzynka jest zamknięta.", "Skontaktuj się z odbiorcą w inny sposób."),
        "2.2": Cause(
            "Skrzynka jest pełna.", "Wyślij wiadomość ponownie za kilka dni albo skontaktuj się z odbiorcą inaczej."
        ),
        "2.3": Cause(
            "Wiadomość jest za duża dla tej skrzynki.", "Wyślij ją w częściach albo wyślij odnośnik do pliku."
        ),
        "2": Cause(
            "Skrzynka nie może przyjąć wiadomości.", "Wyślij ją później albo skontaktuj się z odbiorcą inaczej."
        ),
        "3.4": Cause(
            "Wiadomość jest za duża dla tamtego serwera.", "Wyślij ją w częściach albo wyślij odnośnik do pliku."
        ),
        "3": Cause("Serwer miał własne kłopoty.", "Wyślij wiadomość ponownie później."),
        "4.1": Cause("Serwer nie odpowiada.", "Wyślij wiadomość ponownie później albo zapytaj odbiorcę."),
        "4.3": Cause("Nie udało się odnaleźć domeny z tego adresu.", "Wyślij wiadomość ponownie później."),
        "4.6": Cause("Wiadomość krążyła w kółko.", "Powiadom odbiorcę: jego poczta jest źle przekierowana."),
        "4.7": Cause("Próby trwały tak długo, jak miały sens.", "Zapytaj odbiorcę, czy jego serwer działa."),
        "4": Cause("Serwer był nieosiągalny.", "Wyślij wiadomość ponownie później."),
        "6.7": Cause(
            "Tamten serwer nie obsługuje adresów z literami spoza ASCII.",
            "Poproś odbiorcę o adres bez takich liter albo wyślij wiadomość z takiego adresu.",
        ),
        "6": Cause(
            "Tamten serwer nie obsługuje takiej wiadomości.",
            "Wyślij ją w innej postaci, na przykład jako zwykły tekst.",
        ),
        "7": Cause(
            "Serwer nie dopuścił tej wiadomości.", "Więcej mówi jego odpowiedź; pomóc może administrator odbiorcy."
        ),
    },
    unknown=Cause("Serwer nie przyjął wiadomości.", "Powód może być w jego odpowiedzi."),
)
LANGUAGES: Final = {words.tag: words for words in (ENGLISH, POLISH)}


def cause_of(words: Words, status: str) -> Cause:
    """``status`` is a code of RFC 3463; what nobody knows has a sentence too."""
    _, _, code = status.partition(".")
    return words.causes.get(code) or words.causes.get(code.partition(".")[0]) or words.unknown
