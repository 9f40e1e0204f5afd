"""Why a password is refused, for the person who wanted it. The password itself is never part of it."""

from collections.abc import Mapping
from typing import Final, Literal

from skrytka.mail.identity.policy import PasswordRefusedError, Problem

Language = Literal["en", "pl"]

WORDS: Final[Mapping[Language, Mapping[Problem, str]]] = {
    "en": {
        Problem.UNREADABLE: "It has characters that cannot be typed everywhere, such as a tab or a line break.",
        Problem.TOO_SHORT: "It is too short: take {minimum} characters at least. A few words in a row are fine.",
        Problem.TOO_LONG: "It is too long: 1024 octets are the most.",
        Problem.COMMON: "It is one of the passwords that everybody tries first.",
        Problem.CONTEXT: "It is made of your name, your domain or the name of this place: it would be tried first.",
        Problem.BREACHED: "It is known from a breach of some other service: whoever attacks has it in his list.",
        Problem.GUESSABLE: "It can be guessed quickly. Take more words that have nothing to do with each other.",
        Problem.USED_BEFORE: "It was a password of this account before. Take a new one.",
    },
    "pl": {
        Problem.UNREADABLE: "Są w nim znaki, których nie wszędzie da się wpisać, jak tabulator albo nowy wiersz.",
        Problem.TOO_SHORT: "Jest za krótkie: potrzeba co najmniej {minimum} znaków. Może to być kilka słów.",
        Problem.TOO_LONG: "Jest za długie: najwięcej może mieć 1024 oktety.",
        Problem.COMMON: "To jedno z haseł, których każdy próbuje najpierw.",
        Problem.CONTEXT: "Składa się z Twojej nazwy, domeny albo nazwy tego miejsca: ktoś spróbuje go najpierw.",
        Problem.BREACHED: "Znane jest z wycieku z innego serwisu: kto atakuje, ma je na swojej liście.",
        Problem.GUESSABLE: "Łatwo je szybko odgadnąć. Weź więcej słów, które nic ze sobą nie łączy.",
        Problem.USED_BEFORE: "To konto miało już takie hasło. Wymyśl nowe.",
    },
}


def explain(refused: PasswordRefusedError, language: Language) -> tuple[str, ...]:
    """A sentence for each problem."""
    return tuple(WORDS[language][problem].format(minimum=refused.minimum) for problem in refused.problems)
