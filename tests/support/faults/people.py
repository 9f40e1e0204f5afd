"""A demo with many accounts, made before it is started."""

import asyncio
from pathlib import Path
from typing import Final

from skrytka.daemon import demo
from skrytka.daemon.demo import STANDARD_PORTS
from skrytka.daemon.layout import Layout
from skrytka.daemon.offline import actor, offline
from skrytka.model.secret import Secret
from skrytka.store.system import SystemClock, SystemRandom
from tests.support.ports import free_base

PASSWORD: Final = "one-for-all-of-them"


def make(root: Path, names: list[str]) -> None:
    """A demo in ``root`` with these accounts beside its own, all with the same password."""
    demo.make(root, free_base(STANDARD_PORTS.values()), SystemClock(), SystemRandom())

    async def add() -> None:
        async with offline(Layout(root)) as session:
            for name in names:
                await session.admin.accounts.add(f"{name}@{demo.DOMAIN}", Secret(PASSWORD.encode()), actor())

    asyncio.run(add())
