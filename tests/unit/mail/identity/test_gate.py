"""What stands around a login; limits and turns themselves are tested with ``Identity``."""

import pytest

from skrytka.mail.identity.gate import Gate, Try, hidden_name, parse_name
from skrytka.mail.identity.types import Credential, Login
from skrytka.mail.identity.watch import Attempt
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.limits import LimitTable, LocalLimits
from tests.unit.mail.support import PeerFacts, Recorder

ALICE = Address.parse("alice@example.test")


class Watching:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def delay(self, attempt: Attempt) -> bool:
        self.told.append(f"delay {attempt.key}")
        return False

    def note(self, attempt: Attempt, found: Credential | None, error: BaseException | None) -> None:
        self.told.append(f"note {attempt.key} {found is not None} {type(error).__name__}")

    async def arrived(self, attempt: Attempt, found: Credential) -> None:
        self.told.append(f"arrived {found.address}")


def gate(watch: Watching | None = None) -> tuple[Gate, Recorder]:
    events = Recorder()
    limits = LocalLimits(LimitTable(FixedClock()))
    return Gate(limits, LoginSettings(), events, Secret(b"n" * 32), watch), events


async def test_who_watches_hears_of_tries_and_of_those_that_need_no_leave() -> None:
    watch = Watching()
    made, events = gate(watch)
    asked, found = Try("Alice@example.test", PeerFacts(), "PLAIN"), Credential(AccountId(7), ALICE, None)
    login = Login(AccountId(7), ALICE)
    await made.arrived(asked, found, login, 3)

    async def refused() -> None:
        async with made.open(asked):
            asked.found = found
            raise made.failed(asked, PermanentError(Reason.BAD_CREDENTIALS))

    with pytest.raises(PermanentError):
        await refused()
    async with made.open(asked):
        pass
    made.succeeded(asked, login)
    assert watch.told == [
        "arrived alice@example.test",
        "delay alice@example.test",
        "note alice@example.test True PermanentError",
        "delay alice@example.test",
        "note alice@example.test True NoneType",
    ]
    assert events.names() == ["LoginSucceeded", "LoginFailed", "LoginSucceeded"]


async def test_nobody_has_to_watch() -> None:
    made, events = gate()
    asked = Try("Alice@example.test", PeerFacts(), "PLAIN")
    async with made.open(asked):
        pass
    await made.arrived(asked, Credential(AccountId(7), ALICE, None), Login(AccountId(7), ALICE))
    assert events.names() == ["LoginSucceeded"]


def test_a_name_is_an_address_or_what_was_typed() -> None:
    assert Try("ALICE@Example.Test", PeerFacts(), "PLAIN").key == "alice@example.test"
    assert Try("My Password", PeerFacts(), "PLAIN").key == "my password"
    assert len(Try("x" * 5000, PeerFacts(), "PLAIN").key) == 320
    assert parse_name("x" * 5000) is None
    assert hidden_name(Secret(b"n" * 32), "alice").startswith("?")
