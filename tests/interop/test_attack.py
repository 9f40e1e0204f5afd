"""A spraying attack on a whole demo, while somebody logs in; ``bench.attack`` measures the same."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.attack import HOSTS, Attack, Target, auth_events, hashes, login, spray
from tests.support.demo import Demo
from tests.support.sizes import pick

TRIES = pick(500, 2_000)  # bench.attack does 10,000
NETWORKS = pick(5, 20)
HOME = "127.77.0.7"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture(scope="module")
def attack(demo: Demo) -> Attack:
    user = ("alice@example.test", demo.password("alice"))
    target = Target.of(demo)

    async def run() -> Attack:
        assert await login(target, *user, HOME, is_imap=True) == "OK"
        return await spray(target, Attack(TRIES, NETWORKS), user, HOME)

    return asyncio.run(run())


def test_a_user_goes_on_logging_in_while_it_lasts(attack: Attack) -> None:
    print(  # noqa: T201 - a figure for whoever looks
        f"{attack.tries} tries in {attack.seconds:.1f} s; {len(attack.user_s)} logins of the user,"
        f" p50 {attack.percentile(0.5) * 1000:.0f} ms, p99 {attack.percentile(0.99) * 1000:.0f} ms"
    )
    assert attack.user_failures == []
    assert attack.user_s
    assert attack.answers["OK"] == attack.answers["235"] == 0


def test_few_of_the_tries_cost_a_hash(demo: Demo, attack: Attack) -> None:
    """Each network is stopped after some ten names, whatever is under way then."""
    done = hashes(auth_events(demo.root))
    assert NETWORKS <= done <= NETWORKS * 3 * HOSTS
    assert done < TRIES / 2


def test_the_events_tell_of_the_spraying_and_of_its_networks(demo: Demo, attack: Attack) -> None:
    seen = [fields for kind, fields in auth_events(demo.root) if kind == "attack_seen"]
    assert {fields["attack"] for fields in seen} & {"spraying", "network_spraying"}
    assert all(fields["act"] in {"refuse", "slow"} for fields in seen)


def logins(demo: Demo, name: str) -> list[dict[str, Any]]:
    done = demo.run("logins", f"{name}@example.test", "--json", "--limit", "1000")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_log_of_each_account_tells_who_came_in_and_who_tried(demo: Demo, attack: Attack) -> None:
    assert ("in", HOME) in {(each["outcome"], each["remote"]) for each in logins(demo, "alice")}
    tried = logins(demo, "bob")
    assert {each["outcome"] for each in tried} == {"refused"}
    assert {each["detail"] for each in tried} <= {"bad_credentials", "rate_limited"}


def test_an_account_is_locked_and_trusted_by_programs(demo: Demo, attack: Attack) -> None:
    user, target = ("carol@example.test", demo.password("carol")), Target.of(demo)

    def comes_in() -> bool:
        return asyncio.run(login(target, *user, "127.78.0.1", is_imap=True)) == "OK"

    assert comes_in()
    assert demo.run("account", "compromised", "carol@example.test").returncode == 0
    assert not comes_in()
    assert demo.run("account", "trust", "carol@example.test").returncode == 0
    assert comes_in()
    expected = ["in", "locked", "refused", "trusted", "in"]

    def told() -> list[str]:  # amid an attack of many networks a stranger's login is odd besides
        return [each["outcome"] for each in logins(demo, "carol") if each["outcome"] != "odd"]

    demo.wait_for(lambda: told() == expected, 30)
    accounts = json.loads(demo.run("account", "list", "--json").stdout)
    assert {each["address"]: each["messages"] for each in accounts}["admin@example.test"] == 1  # he is told
