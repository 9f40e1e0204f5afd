"""A gate at which one task waits until somebody opens it."""

import asyncio


class Gate:
    """Opening a gate at which nobody waits does nothing: whoever waits looks first whether he has to."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None

    @property
    def is_waited_at(self) -> bool:
        """Whether a task waits here, or was let through and has not run since."""
        return self._future is not None

    async def wait(self) -> None:
        """Returns when it is opened; raises what :meth:`fail` was given."""
        self._future = asyncio.get_running_loop().create_future()
        try:
            await self._future
        finally:
            self._future = None

    def open(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def fail(self, error: Exception) -> None:
        """Whoever waits gets the error instead."""
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)
