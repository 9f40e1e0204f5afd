"""Logins under attack: ``python -m bench.attack [--tries N]`` (docs/performance.md).

10,000 tries with as many names from 200 addresses of loopback, three in each session of TLS, over IMAP and submission,
by another process, while two people log in from home: how long each of their logins takes, and how many hashes the
attack cost. The password of one is remembered, that of the other is hashed each time. Then what one try costs a front
that is refused before any hash, with its connection and without: CPU, which other work on the machine changes less than
time. The attacker is on the same machine and takes half of the processor.
"""

import argparse
import asyncio
import time

from bench.cpu import cpu_s
from tests.support.attack import TRIES_EACH, Attack, Target, assault, auth_events, hashes, login, percentile, spray
from tests.support.demo import Demo

TRIES = 10_000
NETWORKS = 20
REFUSED = 600  # tries of each kind whose cost is measured
HOME = "127.77.0.7"
HASHED = ("carol@example.test", "a horse of seven words in all")
WANTED_S = 0.5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.attack", description="A user's logins while others are sprayed.")
    parser.add_argument("--tries", type=int, default=TRIES)
    parser.add_argument("--networks", type=int, default=NETWORKS)
    options = parser.parse_args()
    with Demo() as demo:
        before = fronts_s(demo)
        attack = asyncio.run(run(demo, Attack(options.tries, options.networks)))
        used_s = fronts_s(demo) - before
        events = auth_events(demo.root)
        show(attack, events, used_s)
        show_costs(demo, options.networks)


async def run(demo: Demo, attack: Attack) -> Attack:
    """He is at home before it begins."""
    user, target = ("alice@example.test", demo.password("alice")), Target.of(demo)
    answer = await login(target, *user, HOME, is_imap=True)
    if answer != "OK":
        raise SystemExit(f"the user's first login: {answer}")
    if demo.run("account", "password", HASHED[0], "--password-stdin", text=f"{HASHED[1]}\n").returncode != 0:
        raise SystemExit("the other user's password cannot be set")
    if await login(target, *HASHED, HOME, is_imap=True) != "OK":
        raise SystemExit("the other user's first login")
    return await spray(target, attack, user, HOME, hashed=HASHED, is_apart=True)


def show(attack: Attack, events: list[tuple[str, dict[str, object]]], used_s: float) -> None:
    """What the user had of it."""
    told = [fields["attack"] for kind, fields in events if kind == "attack_seen"]
    rate, each_us = attack.tries / attack.seconds, used_s / attack.tries * 1e6
    print(f"{attack.tries} tries in {attack.seconds:.1f} s ({rate:.0f}/s, {attack.connections} connections)")
    print(f"answers {dict(attack.answers)}")
    print(f"hashes {hashes(events)}, attacks told {len(told)}: {sorted(set(map(str, told)))}")
    print(f"fronts: {used_s:.1f} s of CPU, {each_us:.0f} us a try, the user's logins among it")
    print(f"users at home: {len(attack.user_failures)} of their logins refused")
    for what, took_s in (("remembered", attack.user_s), ("hashed", attack.hashed_s)):
        p50, p99, slowest = (percentile(took_s, share) * 1000 for share in (0.5, 0.99, 1.0))
        print(f"{what:10} {len(took_s)} logins, p50 {p50:.0f} ms, p99 {p99:.0f} ms, slowest {slowest:.0f} ms")
    is_met = not attack.user_failures and max(percentile(s, 0.99) for s in (attack.user_s, attack.hashed_s)) <= WANTED_S
    print("met" if is_met else f"missed: {WANTED_S * 1000:.0f} ms wanted")


def show_costs(demo: Demo, networks: int) -> None:
    """All sources are refused by now; with one and with three tries a connection, so that both can be told apart."""
    target = Target.of(demo)
    spent = {}
    for each in (1, TRIES_EACH):
        time.sleep(0.5)  # what was begun is over
        attack, before = Attack(REFUSED * each, networks), fronts_s(demo)
        asyncio.run(assault(target, attack, each))
        spent[each] = (fronts_s(demo) - before) / attack.connections * 1e6
    one_us = (spent[TRIES_EACH] - spent[1]) / (TRIES_EACH - 1)
    print(f"a refused try costs a front {one_us:.0f} us, its connection and TLS {spent[1] - one_us:.0f} us")


def fronts_s(demo: Demo) -> float:
    """CPU of all fronts so far."""
    return sum(used for name, used in cpu_s(demo.pids()["supervisor"]).items() if name.startswith("front"))


if __name__ == "__main__":
    main()
