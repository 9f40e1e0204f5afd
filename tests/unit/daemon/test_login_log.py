from pathlib import Path
from typing import Any

from skrytka.daemon.event_log import open_event_log
from skrytka.daemon.layout import Layout
from skrytka.daemon.login_log import LoginLog
from skrytka.mail.identity.login import hidden_name
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.events import AccountLocked, LoginFailed, LoginOdd, LoginSucceeded, RecipientRefused
from skrytka.model.secret import Secret
from skrytka.store.system import SystemRandom

KEY = Secret(bytes(32))
ANN = Address.parse("ann@example.org")


class Countries:
    async def of(self, remote: str) -> str:
        return "PL" if remote == "192.0.2.1" else ""


async def test_the_log_of_an_account_has_its_logins_and_nothing_else(tmp_path: Path) -> None:
    layout, clock = Layout(tmp_path), FixedClock()
    layout.events.mkdir()
    log = open_event_log(layout, "front-0", clock, SystemRandom())
    place: dict[str, Any] = {"remote": "192.0.2.1", "service": "imaps", "mechanism": "PLAIN"}
    for event in (
        LoginFailed(name=hidden_name(KEY, ANN.key), reason="rate_limited", **place),
        LoginFailed(name="ann@example.org", reason="bad_credentials", **place),
        LoginFailed(name="bob@example.org", reason="bad_credentials", **place),
        RecipientRefused(remote="192.0.2.1", reverse_path="ann@example.org", recipient="x@y.z", reason="x", code=550),
        LoginSucceeded(account=1, account_name="Ann@example.org", **place),
        LoginOdd(
            account=1,
            account_name="ann@example.org",
            country="PL",
            oddities=("dormant", "new_network"),
            score=4,
            **place,
        ),
        AccountLocked(actor="owner", account=1, account_name="ann@example.org", held=0),
    ):
        log.emit(event)
        await log.flush()
        clock.advance(1)
    read = LoginLog(layout, KEY, Countries())
    found = await read(ANN, 100)
    assert [(each.outcome, each.detail) for each in found] == [
        ("refused", "rate_limited"),
        ("refused", "bad_credentials"),
        ("in", ""),
        ("odd", "dormant,new_network"),
        ("locked", "owner"),
    ]
    assert (found[2].country, found[2].service, found[2].remote, found[4].remote) == ("PL", "imaps", "192.0.2.1", "")
    assert [each.outcome for each in await read(ANN, 2)] == ["odd", "locked"]
    assert await read(Address.parse("x@example.org"), 9) == []
