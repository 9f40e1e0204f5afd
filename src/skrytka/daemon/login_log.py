"""``skrytka logins``: who logged in to an account, when, from where and how, and who tried; out of the event log."""

import asyncio
from typing import Any, Final

from skrytka.daemon.event_trace import event_mac
from skrytka.daemon.layout import Layout
from skrytka.mail.admin.commands.logins import LoginInfo
from skrytka.mail.identity.attacks.arrivals import CountryOf
from skrytka.mail.identity.login import hidden_name
from skrytka.model.address import Address
from skrytka.model.events import EventClass
from skrytka.model.secret import Secret
from skrytka.store.events.index import EventIndex, FoundEvent

OUTCOMES: Final = {
    "login_succeeded": "in",
    "login_failed": "refused",
    "login_odd": "odd",
    "account_locked": "locked",
    "account_trusted": "trusted",
    "attack_seen": "attack",
}


class LoginLog:
    """``mail.admin.commands.logins.Logins``; the index is read in a thread."""

    def __init__(self, layout: Layout, name_key: Secret, countries: CountryOf) -> None:
        self._folder = layout.events
        self._name_key = name_key
        self._countries = countries

    async def __call__(self, address: Address, limit: int) -> list[LoginInfo]:
        """The newest last. A try that was refused before anybody looked for the account is there too."""
        found = await asyncio.to_thread(self._find, address.key, limit)
        return [await self._info(event) for event in found if event.kind in OUTCOMES]

    def _find(self, key: str, limit: int) -> list[FoundEvent]:
        index = EventIndex(self._folder, event_mac(self._name_key))
        try:
            index.update()
            return index.of_class((key, hidden_name(self._name_key, key)), EventClass.AUTH, limit)
        finally:
            index.close()

    async def _info(self, event: FoundEvent) -> LoginInfo:
        fields = event.fields
        remote = _text(fields, "remote") or _text(fields, "source")
        return LoginInfo(
            at=event.at,
            outcome=OUTCOMES[event.kind],
            service=_text(fields, "service"),
            mechanism=_text(fields, "mechanism"),
            means=_text(fields, "means"),
            remote=remote,
            country=await self._country(remote),
            detail=_detail(fields),
        )

    async def _country(self, remote: str) -> str:
        return await self._countries.of(remote) if remote and "/" not in remote else ""


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _detail(fields: dict[str, Any]) -> str:
    """Why it was refused, what was odd, who locked it."""
    odd = fields.get("oddities")
    if isinstance(odd, list):
        return ",".join(map(str, odd))
    return _text(fields, "reason") or _text(fields, "attack") or _text(fields, "actor")
