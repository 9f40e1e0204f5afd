"""What owners and administrators are told about logins, by mail into their mailboxes here."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from skrytka.mail.admin.languages import words_of, words_of_domain
from skrytka.mail.admin.notices import Sender
from skrytka.mail.delivery.resolve import POSTMASTER
from skrytka.mail.identity.attacks.arrivals import OddLogin
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId, id_text, new_id, new_unit
from skrytka.protocol.reports.alert_mail import (
    ALERT_LANGUAGES,
    AlertWords,
    LoginAlert,
    write_lock_notice,
    write_login_alert,
)
from skrytka.store.api import Store
from skrytka.store.commands.places import PutAlert

LINK_MS: Final = 86_400_000
TOKEN_BYTES: Final = 20
NOT_ME: Final = "/not-me"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDeps:
    """Made by the composition root."""

    store: Store
    sender: Sender
    clock: Clock
    random: Random
    hostname: str
    words: Callable[[], AlertWords]  # of whoever has none of his own
    origin: Callable[[], str]  # "https://host" of the pages for people; "": there are none


class Alerts:
    """One per front."""

    def __init__(self, deps: AlertDeps) -> None:
        self._deps = deps

    async def odd_login(self, odd: OddLogin) -> None:
        """To the owner, with a link by which he locks the account. TransientError while no mail can be written.

        Ten a day at most: whoever has not heard those does not hear an eleventh.
        """
        deps, arrival = self._deps, odd.arrival
        token, origin = await self._token(arrival.account), deps.origin()
        if token is None:
            return
        link = f"{origin}{NOT_ME}/{token}" if origin else ""
        alert = LoginAlert(
            address=arrival.address,
            from_=self._from(arrival.address),
            message_id=self._message_id(),
            now_ms=odd.at_ms,
            service=f"{arrival.facts.service} ({arrival.mechanism})",
            remote=arrival.facts.remote,
            country=odd.country,
            oddities=tuple(each.value for each in odd.oddities),
            link=link,
        )
        words = await words_of(deps.store, arrival.account, ALERT_LANGUAGES, deps.words())
        await deps.sender.send(write_login_alert(alert, words), alert.from_, (arrival.address,))

    async def locked(self, address: Address, actor: str) -> None:
        """To whoever answers for the domain."""
        deps, to = self._deps, self._from(address)
        words = await words_of_domain(deps.store, address.domain.name, ALERT_LANGUAGES, deps.words())
        octets = write_lock_notice(address, actor, to, to, self._message_id(), deps.clock.now_ms(), words)
        await deps.sender.send(octets, to, (to,))

    async def _token(self, account: AccountId) -> str | None:
        """The account and 160 random bits, of which what is kept opens nothing; None: he was told often enough."""
        deps = self._deps
        token = deps.random.token(TOKEN_BYTES)
        unit = new_unit(deps.clock, deps.random)
        expires_at_ms = deps.clock.now_ms() + LINK_MS
        put = PutAlert(unit=unit, account=account, token=token_hash(token), expires_at_ms=expires_at_ms)
        return f"{account}-{token.hex()}" if await deps.store.submit(put) else None

    @staticmethod
    def _from(address: Address) -> Address:
        return Address(POSTMASTER, address.domain)

    def _message_id(self) -> str:
        return f"{id_text(new_id(self._deps.clock, self._deps.random)).lower()}@{self._deps.hostname}"


def token_hash(token: bytes) -> bytes:
    """What the store keeps; the token is random enough for a plain hash."""
    return hashlib.sha256(b"not-me\0" + token).digest()[:16]


def read_token(text: str) -> tuple[AccountId, bytes] | None:
    """Account and hash of what stands in a link; None for anything else."""
    account, _, token = text.partition("-")
    if not (account.isascii() and account.isdigit() and len(account) <= 18):
        return None
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        return None
    return (AccountId(int(account)), token_hash(raw)) if len(raw) == TOKEN_BYTES else None
