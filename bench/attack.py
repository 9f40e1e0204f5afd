"""Logins under attack: ``python -m bench.attack [--tries N]`` (docs/performance.md).

10,000 tries with as many names from 200 addresses of loopback, each in a TLS session of its own, over IMAP and
submission, while somebody logs in from home: how long each of his logins takes, and how many hashes the attack cost.
The attacker is on the same machine and takes most of the processor.
"""

import argparse
import asyncio

from tests.support.attack import Attack, Target, auth_events, hashes, login, spray
from tests.support.demo import Demo

TRIES = 10_000
NETWORKS = 20
HOME = "127.77.0.7"
WANTED_S = 0.5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.attack", description="A user's logins while others are sprayed.")
    parser.add_argument("--tries", type=int, default=TRIES)
    parser.add_argument("--networks", type=int, default=NETWORKS)
    options = parser.parse_args()
    with Demo() as demo:
        attack = asyncio.run(run(demo, Attack(options.tries, options.networks)))
        events = auth_events(demo.root)
    told = [fields["attack"] for kind, fields in events if kind == "attack_seen"]
    rate = attack.tries / attack.seconds
    print(f"{attack.tries} tries in {attack.seconds:.1f} s ({rate:.0f}/s), answers {dict(attack.answers)}")
    print(f"hashes {hashes(events)}, attacks told {len(told)}: {sorted(set(map(str, told)))}")
    p50, p99, slowest = (attack.percentile(share) * 1000 for share in (0.5, 0.99, 1.0))
    print(f"user: {len(attack.user_s)} logins, {len(attack.user_failures)} refused")
    print(f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, slowest {slowest:.0f} ms")
    is_met = not attack.user_failures and attack.percentile(0.99) <= WANTED_S
    print("met" if is_met else f"missed: {WANTED_S * 1000:.0f} ms wanted")


async def run(demo: Demo, attack: Attack) -> Attack:
    """He is at home before it begins."""
    user, target = ("alice@example.test", demo.password("alice")), Target.of(demo)
    answer = await login(target, *user, HOME, is_imap=True)
    if answer != "OK":
        raise SystemExit(f"the user's first login: {answer}")
    return await spray(target, attack, user, HOME)


if __name__ == "__main__":
    main()
