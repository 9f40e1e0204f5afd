"""What the pages of signing in and letting programs in say, in both languages."""

from collections.abc import Mapping
from typing import Final

from skrytka.web.people.markup import Language

_ENGLISH: Final = {
    "sign_in": "Sign in",
    "address": "Address",
    "password": "Password",
    "go_on": "Go on",
    "wrong": "Address or password is wrong.",
    "too_often": "Too many tries. Wait some minutes.",
    "code_title": "Second factor",
    "code": "Code of your app, or a recovery code",
    "wrong_code": "The code is wrong, or was used already.",
    "too_old": "This page is too old, or came from elsewhere. Begin again.",
    "consent_title": "Let {name} in?",
    "consent_asks": "{name} asks to do this with {address}:",
    "consent_place": "The answer goes to {place}.",
    "consent_public": "Any program can call itself so. Go on only if you have just begun this yourself.",
    "consent_ends": "You, or the administrator, can end it at any time.",
    "allow": "Allow",
    "deny": "Deny",
    "signed_in_as": "Signed in as {address}.",
    "device_title": "Let a device in",
    "device_code": "The code that the device shows",
    "device_wrong": "No device waits with this code.",
    "device_warning": "The device in front of you has to show the code {code}. Was it sent to you? Then deny.",
    "device_allowed": "Done. Go back to the device.",
    "device_denied": "The device was not let in.",
    "error_title": "This does not work",
    "error_said": "A program sent you here with a wrong request ({said}). It was told nothing.",
    "scope_imap": "read, file and delete mail",
    "scope_pop3": "fetch mail",
    "scope_smtp": "send mail in your name",
    "scope_sieve": "change your filters",
    "scope_openid": "know that it is you",
    "scope_email": "see your address",
    "scope_offline_access": "stay let in until it is ended",
}
_POLISH: Final = {
    "sign_in": "Logowanie",
    "address": "Adres",
    "password": "Hasło",
    "go_on": "Dalej",
    "wrong": "Adres lub hasło jest nieprawidłowe.",
    "too_often": "Zbyt wiele prób. Odczekaj kilka minut.",
    "code_title": "Drugi składnik",
    "code": "Kod z aplikacji albo kod odzyskiwania",
    "wrong_code": "Kod jest nieprawidłowy albo był już użyty.",
    "too_old": "Ta strona jest za stara albo pochodzi skądinąd. Zacznij od nowa.",
    "consent_title": "Wpuścić program {name}?",
    "consent_asks": "{name} prosi o zgodę na takie działania z {address}:",
    "consent_place": "Odpowiedź trafi do {place}.",
    "consent_public": "Każdy program może się tak przedstawić. Kontynuuj tylko wtedy, gdy prośba pochodzi od Ciebie.",
    "consent_ends": "Ty albo administrator możecie to zakończyć w każdej chwili.",
    "allow": "Zezwól",
    "deny": "Odmów",
    "signed_in_as": "Zalogowano jako {address}.",
    "device_title": "Wpuść urządzenie",
    "device_code": "Kod, który pokazuje urządzenie",
    "device_wrong": "Żadne urządzenie nie czeka z tym kodem.",
    "device_warning": "Urządzenie przed Tobą musi pokazywać kod {code}. Ktoś Ci go przysłał? Wtedy odmów.",
    "device_allowed": "Gotowe. Wróć do urządzenia.",
    "device_denied": "Urządzenie nie zostało wpuszczone.",
    "error_title": "To nie działa",
    "error_said": "Program skierował Cię tutaj z błędnym żądaniem ({said}). Nic mu nie przekazano.",
    "scope_imap": "czytanie, porządkowanie i usuwanie poczty",
    "scope_pop3": "pobieranie poczty",
    "scope_smtp": "wysyłanie poczty w Twoim imieniu",
    "scope_sieve": "zmienianie Twoich filtrów",
    "scope_openid": "poznanie, że to Ty",
    "scope_email": "poznanie Twojego adresu",
    "scope_offline_access": "dostęp aż do jego zakończenia",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {"en": _ENGLISH, "pl": _POLISH}


def say(language: Language, key: str, /, **values: str) -> str:
    """The sentence, not escaped yet."""
    return WORDS[language][key].format_map(values)
