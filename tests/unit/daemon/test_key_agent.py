from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.daemon.key_agent import KeyAgent, parse_account
from skrytka.daemon.messages import Failed, Key, KeyRequest
from skrytka.model.clock import FixedClock
from skrytka.model.secret import Secret
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import KeyRing
from skrytka.store.system import SystemRandom
from tests.support.logs import CountingLog


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[KeyRing]:
    random = SystemRandom()
    public = RecoveryKey.generate(random).public
    ring = KeyRing.initialise(tmp_path / "ring.sqlite", Secret(bytes(32)), public, FixedClock(), random)
    yield ring
    ring.close()


@pytest.fixture
def log() -> CountingLog:
    return CountingLog()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def agent(ring: KeyRing, clock: FixedClock, log: CountingLog) -> KeyAgent:
    return KeyAgent(ring, clock, log, alarm_accounts=3)


def test_an_account_gets_one_key_for_ever(agent: KeyAgent) -> None:
    made = agent.answer("front-0", KeyRequest(call=1, subject="account:7", is_new=True))
    again = agent.answer("front-1", KeyRequest(call=2, subject="account:7", is_new=True))
    asked = agent.answer("front-1", KeyRequest(call=3, subject="account:7"))
    assert isinstance(made, Key) and isinstance(again, Key) and isinstance(asked, Key)  # noqa: PT018
    assert made.key == again.key == asked.key
    assert len(made.key) == 32


@pytest.mark.parametrize(
    "subject", ["account:8", "account:", "account:x", "account:-1", "account:01", "node:root", "node:counters", ""]
)
def test_what_is_not_there_is_refused_for_good(agent: KeyAgent, subject: str) -> None:
    answer = agent.answer("front-0", KeyRequest(call=1, subject=subject))
    assert isinstance(answer, Failed)
    assert not answer.is_transient


def test_a_node_key_cannot_be_made_by_a_child(agent: KeyAgent) -> None:
    assert isinstance(agent.answer("front-0", KeyRequest(call=1, subject="node:new", is_new=True)), Failed)
    assert isinstance(agent.answer("front-0", KeyRequest(call=2, subject="node:pepper", is_new=True)), Key)


def test_every_account_key_given_is_counted(agent: KeyAgent, log: CountingLog) -> None:
    for account in (1, 2, 1):
        agent.answer("front-0", KeyRequest(call=1, subject=f"account:{account}", is_new=True))
    agent.answer("front-0", KeyRequest(call=1, subject="node:queue"))
    assert agent.requests == 4
    assert log.counts["KeyRequested"] == 3


def ask(agent: KeyAgent, kind: str, *accounts: int) -> None:
    for account in accounts:
        agent.answer(kind, KeyRequest(call=1, subject=f"account:{account}", is_new=True))


def test_many_accounts_within_a_minute_raise_one_alarm_and_stop_nothing(agent: KeyAgent, log: CountingLog) -> None:
    ask(agent, "front-0", 1, 2, 2, 1)
    assert log.counts["KeyAlarm"] == 0
    ask(agent, "front-0", 3, 4, 5)
    assert log.counts["KeyAlarm"] == 1
    assert isinstance(agent.answer("front-0", KeyRequest(call=1, subject="account:5")), Key)


def test_the_minute_slides_and_each_process_is_counted_by_itself(
    agent: KeyAgent, log: CountingLog, clock: FixedClock
) -> None:
    ask(agent, "front-0", 1, 2)
    ask(agent, "front-1", 3, 4)
    clock.advance(61)
    ask(agent, "front-0", 5, 6)
    assert log.counts["KeyAlarm"] == 0
    ask(agent, "front-0", 7)
    assert log.counts["KeyAlarm"] == 1


@pytest.mark.parametrize(
    ("subject", "account"), [("account:1", 1), ("account:٣", None), ("account:" + "9" * 30, None), ("node:queue", None)]
)
def test_only_a_plain_number_names_an_account(subject: str, account: int | None) -> None:
    assert parse_account(subject) == account


def test_a_key_of_the_node_that_older_installations_lack_is_made_when_it_is_asked_for(
    agent: KeyAgent, ring: KeyRing
) -> None:
    first = agent.answer("front-0", KeyRequest(call=1, subject="node:dkim"))
    again = agent.answer("front-1", KeyRequest(call=2, subject="node:dkim"))
    assert isinstance(first, Key)
    assert isinstance(again, Key)
    assert first.key == again.key == ring.get("node:dkim").reveal()
