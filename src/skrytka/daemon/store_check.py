"""``store check`` of a running server and of a stopped one: in a thread, on a reading connection of its own."""

import asyncio

from skrytka.daemon.layout import Layout
from skrytka.mail.admin.commands.base import Progress
from skrytka.store.check import Report, check
from skrytka.store.files import StorePaths
from skrytka.store.open import open_reader


class StoreCheck:
    """``mail.admin.commands.base.Check``."""

    def __init__(self, layout: Layout) -> None:
        self._paths = StorePaths(layout.store)

    async def __call__(self, progress: Progress) -> Report:
        await progress("recomputing quota, counters, references and journal")
        return await asyncio.to_thread(self._run)

    def _run(self) -> Report:
        reader = open_reader(self._paths.root)
        try:
            return reader.read(check(self._paths.blob_size))
        finally:
            reader.close()
