"""What a login costs: ``python -m bench.logins`` (design section 7; goal: 500 logins/s from the cache on one front).

First the door alone, in this process: passwords and app passwords that were right a short while ago, on an account with
no app password and on one with a thousand. Then whole sessions against a demo with one front: TLS, a login, LOGOUT.
"""

import argparse
import asyncio
import ssl
import tempfile
import time
from pathlib import Path
from typing import Final

from skrytka.model.secret import Secret
from tests.support.demo import prepared
from tests.unit.mail.identity.programs_world import Programs
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import PASSWORD, World

NAME: Final = "alice@example.test"
CLIENTS: Final = 16


def main() -> None:
    """Measure and print; nothing is kept."""
    parser = argparse.ArgumentParser(prog="bench.logins")
    parser.add_argument("--logins", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of whole sessions")
    options = parser.parse_args()
    asyncio.run(door(options.logins))
    sessions(options.seconds)


async def door(count: int) -> None:
    """``Identity.login`` from memory: processor time of each, in microseconds."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        world = World(Path(folder))
        await world.ready()
        made = Programs(world)
        typed = await made.add()
        for thousand in (0, 1000):
            for number in range(thousand):
                await made.add(called=f"idle {number}")
            for what, password in (("password", PASSWORD), ("app password", Secret(typed))):
                await made.identity.login(NAME, password, PeerFacts(), "PLAIN")
                began = time.process_time()
                for _ in range(count):
                    await made.identity.login(NAME, password, PeerFacts(), "PLAIN")
                each_us = (time.process_time() - began) / count * 1e6
                print(f"{what}, {thousand + 1} app passwords there: {each_us:.0f} us, {1e6 / each_us:.0f} logins/s")
        await world.close()


def sessions(seconds: float) -> None:
    """TLS and login on one front, from several connections at a time."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        demo = prepared(Path(folder) / "demo")
        config = demo.root / "skrytka.toml"
        config.write_text("fronts = 1\n" + config.read_text(encoding="utf-8"), encoding="utf-8")
        with demo as running:
            port, authority = running.port("imaps"), running.facts["ca"]
            context = ssl.create_default_context(cafile=authority)
            password = running.facts["accounts"][NAME]
            count, took_s = asyncio.run(_clients(port, context, password, seconds))
    print(f"sessions with TLS and a login: {count / took_s:.0f}/s on one front (clients on the same machine)")


async def _clients(port: int, context: ssl.SSLContext, password: str, seconds: float) -> tuple[int, float]:
    began = time.monotonic()
    counts = [0] * CLIENTS

    async def client(number: int) -> None:
        while time.monotonic() - began < seconds:
            reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
            await reader.readline()
            writer.write(f'a LOGIN {NAME} "{password}"\r\nb LOGOUT\r\n'.encode())
            answer = await reader.read()
            if b"a OK" not in answer:
                raise RuntimeError(answer.decode())
            counts[number] += 1
            writer.close()

    async with asyncio.TaskGroup() as tasks:
        for number in range(CLIENTS):
            tasks.create_task(client(number))
    return sum(counts), time.monotonic() - began


if __name__ == "__main__":
    main()
