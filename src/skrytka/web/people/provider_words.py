"""What the pages about providers of other houses say, in both languages."""

from collections.abc import Mapping
from typing import Final

from skrytka.web.people.markup import Language

_ENGLISH: Final = {
    "title": "Sign-in by another server",
    "sign_in_title": "Sign in",
    "with": "Sign in with {title}",
    "too_old": "This page is too old, or came from elsewhere. Begin again.",
    "too_often": "Too many tries. Wait a minute.",
    "down": "The other server cannot be reached now. Wait a little, or sign in with a password of here.",
    "denied": "You were not let in there.",
    "wrong": "The other server's answer is not right, so nobody is let in. Begin again.",
    "nobody": "There is no account for you here. Ask your administrator.",
    "taken": "There is an account of your address that has its own sign-in. Sign in to it, and link it under Security.",
    "again": "Back to signing in",
    "link": "Link with {title}",
    "linked": "Linked with {title}: whoever signs in there as you is in here.",
    "unlink": "End the link",
    "linked_already": "It is linked with another account, or your account with somebody else there.",
    "another_address": "You are known there by another address, or it is not verified. Nothing was linked.",
    "not_permitted": "This account has no password here: without the link nothing would open it.",
    "signed_out": "You are signed out here.",
    "sign_out": "Sign out",
    "out_there": "You may still be signed in at {title}. Sign out there too",
    "back": "Back",
}
_POLISH: Final = {
    "title": "Logowanie przez inny serwer",
    "sign_in_title": "Logowanie",
    "with": "Zaloguj przez {title}",
    "too_old": "Ta strona jest za stara albo pochodzi skądinąd. Zacznij od nowa.",
    "too_often": "Zbyt wiele prób. Odczekaj minutę.",
    "down": "Tamten serwer jest teraz nieosiągalny. Odczekaj chwilę albo zaloguj się hasłem, jeśli masz je tutaj.",
    "denied": "Nie wpuszczono Cię tam.",
    "wrong": "Odpowiedź tamtego serwera jest niepoprawna, więc nikt nie wchodzi. Zacznij od nowa.",
    "nobody": "Nie ma tu dla Ciebie konta. Zapytaj administratora.",
    "taken": "Konto z Twoim adresem istnieje i ma własne logowanie. Zaloguj się na nie i połącz je w Bezpieczeństwie.",
    "again": "Powrót do logowania",
    "link": "Połącz z {title}",
    "linked": "Połączono z {title}: kto tam zaloguje się jako Ty, wchodzi też tutaj.",
    "unlink": "Zakończ połączenie",
    "linked_already": "To jest już połączone z innym kontem albo Twoje konto z kimś innym tam.",
    "another_address": "Tam znają Cię pod innym adresem albo nie jest on potwierdzony. Niczego nie połączono.",
    "not_permitted": "To konto nie ma tu hasła: bez połączenia nic by go nie otwierało.",
    "signed_out": "Wylogowano Cię tutaj.",
    "sign_out": "Wyloguj",
    "out_there": "W {title} logowanie może nadal trwać. Wyloguj się także tam",
    "back": "Powrót",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {"en": _ENGLISH, "pl": _POLISH}


def say(language: Language, key: str, /, **values: str) -> str:
    """The sentence, not escaped yet."""
    return WORDS[language][key].format_map(values)
