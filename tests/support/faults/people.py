"""A demo with many accounts, made before it is started."""

import asyncio
from pathlib import Path
from typing import Final

from skrytka.daemon.demo import DOMAIN
from skrytka.daemon.layout import Layout
from skrytka.daemon.offline import actor, offline
from skrytka.model.secret import Secret
from tests.support.demo import prepared

PASSWORD: Final = "one-for-all-of-them"


def make(root: Path, names: list[str]) -> None:
    """A demo in ``root`` with these accounts beside its own, all with the same password."""
    prepared(root)

    async def add() -> None:
        async with offline(Layout(root)) as session:
            for name in names:
                await session.admin.accounts.add(f"{name}@{DOMAIN}", Secret(PASSWORD.encode()), actor())

    asyncio.run(add())
