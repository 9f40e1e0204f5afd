import asyncio

import pytest

from skrytka.daemon import keys
from skrytka.daemon.keys import AgentKeySource
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.system import SystemRandom

ONE = AccountId(1)


class Agent:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None

    async def ask(self, subject: str, *, is_new: bool) -> Secret:
        self.asked.append((subject, is_new))
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return Secret(bytes(32))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def source(agent: Agent, clock: FixedClock) -> AgentKeySource:
    return AgentKeySource(agent.ask, clock, SystemRandom())


async def test_a_key_is_kept_ten_minutes(source: AgentKeySource, agent: Agent, clock: FixedClock) -> None:
    first = await source.account(ONE)
    clock.advance(599)
    assert await source.account(ONE) is first
    clock.advance(1)
    assert await source.account(ONE) is not first
    assert agent.asked == [("account:1", False)] * 2


async def test_the_sweep_forgets_what_is_old(source: AgentKeySource, clock: FixedClock) -> None:
    await source.account(ONE)
    clock.advance(300)
    await source.account(AccountId(2))
    clock.advance(301)
    source.sweep()
    assert list(source._accounts) == [2]


async def test_no_more_accounts_are_kept_than_allowed(source: AgentKeySource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ACCOUNTS_MAX", 3)
    for number in range(1, 6):
        await source.account(AccountId(number))
    assert list(source._accounts) == [3, 4, 5]


async def test_two_who_want_one_key_ask_once(source: AgentKeySource, agent: Agent) -> None:
    agent.open.clear()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(source.account(ONE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        agent.open.set()
    assert len(agent.asked) == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_kept(source: AgentKeySource, agent: Agent) -> None:
    agent.open.clear()
    agent.error = TransientError(Reason.KEY_UNAVAILABLE)
    tasks = [asyncio.ensure_future(source.account(ONE)) for _ in range(2)]
    await asyncio.sleep(0)
    agent.open.set()
    assert [type(result) for result in await asyncio.gather(*tasks, return_exceptions=True)] == [TransientError] * 2
    agent.error = None
    assert await source.account(ONE) is not None


async def test_who_waits_asks_again_when_the_asker_is_cut(source: AgentKeySource, agent: Agent) -> None:
    agent.open.clear()
    first, second = (asyncio.ensure_future(source.account(ONE)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    agent.open.set()
    assert await second is not None
    assert len(agent.asked) == 2


async def test_a_node_key_is_asked_once(source: AgentKeySource, agent: Agent, clock: FixedClock) -> None:
    await source.node("node:queue")
    clock.advance(10_000)
    await source.node("node:queue")
    assert agent.asked == [("node:queue", False)]


async def test_a_new_account_is_made_by_the_agent(source: AgentKeySource, agent: Agent) -> None:
    await source.create_account(ONE)
    await source.account(ONE)
    assert agent.asked == [("account:1", True)]
