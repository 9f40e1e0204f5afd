"""What the owner of an account is told when something about his password or his second factors has changed."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from skrytka.store.factor_rows import Notice

Language = Literal["en", "pl"]


class Words(msgspec.Struct, frozen=True):
    """One language."""

    subject: str
    text: str  # with {what}, {at}, {address}
    what: Mapping[Notice, str]


LANGUAGES: Final[Mapping[Language, Words]] = {
    "en": Words(
        subject="Your account: {what}",
        text=(
            "Account: {address}\nTime: {at} UTC\n\n{what}.\n\n"
            "If that was you, there is nothing to do. If it was not, somebody else may have your account:\n"
            "tell your administrator at once.\n\n"
            "This mail was written by the server. It never asks for a password or a code.\n"
        ),
        what={
            Notice.PASSWORD_CHANGED: "The password was changed",
            Notice.PASSWORD_GIVEN: "An administrator gave you a new password",
            Notice.PASSWORD_RESET: "An administrator made a code to set a new password",
            Notice.TOTP_ADDED: "An app with one-time codes was added as a second factor",
            Notice.TOTP_REMOVED: "An app with one-time codes was removed as a second factor",
            Notice.WEBAUTHN_ADDED: "A passkey or security key was added",
            Notice.WEBAUTHN_REMOVED: "A passkey or security key was removed",
            Notice.CODES_MADE: "New recovery codes were made; the old ones are void",
            Notice.CODE_USED: "A recovery code was used to sign in",
            Notice.FACTORS_RESET: "An administrator removed all your second factors; you have to add one anew",
            Notice.APP_PASSWORD_ADDED: "An app password for a mail program was made",
            Notice.APP_PASSWORDS_REMOVED: "An app password, or all of them, was removed",
            Notice.CERTIFICATE_ADDED: "A certificate was added that opens your mailbox",
            Notice.DELEGATED: "Somebody may write in your name",
            Notice.SHARED: "Somebody may use a mailbox of yours",
            Notice.PROVIDER_LINKED: "Signing in by another server was linked with the account",
            Notice.PROVIDER_UNLINKED: "Signing in by another server was unlinked from the account",
        },
    ),
    "pl": Words(
        subject="Twoje konto: {what}",
        text=(
            "Konto: {address}\nCzas: {at} UTC\n\n{what}.\n\n"
            "Jeśli to Ty, nic nie trzeba robić. Jeśli nie, ktoś inny może mieć dostęp do Twojego konta:\n"
            "od razu powiadom administratora.\n\nTę wiadomość napisał serwer. Nigdy nie prosi on o hasło ani o kod.\n"
        ),
        what={
            Notice.PASSWORD_CHANGED: "Zmieniono hasło",
            Notice.PASSWORD_GIVEN: "Administrator nadał nowe hasło",
            Notice.PASSWORD_RESET: "Administrator utworzył kod do ustawienia nowego hasła",
            Notice.TOTP_ADDED: "Dodano aplikację z kodami jednorazowymi jako drugi składnik",
            Notice.TOTP_REMOVED: "Usunięto aplikację z kodami jednorazowymi jako drugi składnik",
            Notice.WEBAUTHN_ADDED: "Dodano klucz dostępu lub klucz bezpieczeństwa",
            Notice.WEBAUTHN_REMOVED: "Usunięto klucz dostępu lub klucz bezpieczeństwa",
            Notice.CODES_MADE: "Utworzono nowe kody odzyskiwania; stare są nieważne",
            Notice.CODE_USED: "Do zalogowania użyto kodu odzyskiwania",
            Notice.FACTORS_RESET: "Administrator usunął wszystkie drugie składniki; trzeba dodać nowy",
            Notice.APP_PASSWORD_ADDED: "Utworzono hasło aplikacji dla programu pocztowego",
            Notice.APP_PASSWORDS_REMOVED: "Usunięto hasło aplikacji lub wszystkie takie hasła",
            Notice.CERTIFICATE_ADDED: "Dodano certyfikat, który otwiera Twoją skrzynkę",
            Notice.DELEGATED: "Ktoś może pisać w Twoim imieniu",
            Notice.SHARED: "Ktoś może korzystać z Twojej skrzynki",
            Notice.PROVIDER_LINKED: "Połączono z kontem logowanie przez inny serwer",
            Notice.PROVIDER_UNLINKED: "Odłączono od konta logowanie przez inny serwer",
        },
    ),
}
