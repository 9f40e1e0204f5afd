"""Limits that hold over all fronts: counted in the supervisor, asked over the control socket."""

from collections.abc import Callable

from skrytka.daemon.channel import AnswerT, Channel
from skrytka.daemon.messages import Acquired, CapAcquire, CapRelease, LimitRefund, LimitTake, Message, Taken
from skrytka.model.clock import Clock
from skrytka.model.errors import Reason, TransientError
from skrytka.net.limits import Cap, LimitTable, SharedLimits

LEASED_FROM = 1000  # caps of at least so many are taken some at a time
LEASE = 32
UNSPENT_MAX = 10_000  # keys of which a front keeps leased units


class LimitKeeper:
    """The supervisor's side: the one table, and whose process holds what."""

    def __init__(self, clock: Clock) -> None:
        self.table = LimitTable(clock)

    def answer(self, holder: str, message: LimitTake | LimitRefund | CapAcquire | CapRelease) -> Message | None:
        """The answer, None where none is waited for."""
        match message:
            case LimitTake(rule=rule, key=key, cost=cost, limit=limit, window_s=window_s):
                is_allowed = self.table.take(rule, key, cost=cost, limit=limit, window_s=max(window_s, 1e-3))
                return Taken(call=message.call, is_allowed=is_allowed)
            case LimitRefund(rule=rule, key=key, cost=cost):
                self.table.refund(rule, key, cost=cost)
            case CapAcquire(caps=caps):
                return Acquired(call=message.call, full=self.table.acquire(caps, holder))
            case CapRelease(caps=caps):
                self.table.release(caps, holder)
        return None

    def forget(self, holder: str) -> None:
        """Its process has ended."""
        self.table.release_holder(holder)


class ChannelLimits(SharedLimits):
    """A front's side. TransientError(SHUTTING_DOWN) when the supervisor is gone: this front ends too.

    Of a large cap a front takes ``LEASE`` at once and keeps up to twice as many that nobody uses, so that most
    connections need no question; near its limit a cap is therefore full a little early (64 for each front).
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._spare: dict[Cap, int] = {}
        self._unspent: dict[tuple[str, str], int] = {}

    async def take(self, rule: str, key: str, *, cost: int = 1, limit: int, window_s: float) -> bool:
        answer = await self._ask(
            lambda call: LimitTake(call=call, rule=rule, key=key, cost=cost, limit=limit, window_s=window_s), Taken
        )
        return answer.is_allowed

    async def spend(self, rule: str, key: str, *, limit: int, window_s: float, lease: int) -> bool:
        """Near the limit there is no room for a lease, and one is asked for."""
        name = (rule, key)
        if left := self._unspent.pop(name, 0):
            if left > 1:
                self._unspent[name] = left - 1
            return True
        if lease > 1 and await self.take(rule, key, cost=lease, limit=limit, window_s=window_s):
            self._keep(name, lease - 1)
            return True
        return await self.take(rule, key, limit=limit, window_s=window_s)

    def _keep(self, name: tuple[str, str], units: int) -> None:
        """What others took meanwhile counts too; of too many keys the oldest lose theirs."""
        self._unspent[name] = self._unspent.get(name, 0) + units
        if len(self._unspent) > UNSPENT_MAX:
            del self._unspent[next(iter(self._unspent))]

    async def refund(self, rule: str, key: str, *, cost: int = 1) -> None:
        self._channel.send(LimitRefund(rule=rule, key=key, cost=cost))

    async def acquire(self, caps: tuple[Cap, ...]) -> Cap | None:
        exact = tuple(cap for cap in caps if cap.limit < LEASED_FROM)
        if exact and (full := await self._acquire(exact)) is not None:
            return full
        leased: list[Cap] = []
        for cap in caps:
            if cap.limit < LEASED_FROM:
                continue
            try:
                full = await self._lease(cap)
            except TransientError:
                await self.release((*exact, *leased))
                raise
            if full is not None:
                await self.release((*exact, *leased))
                return full
            leased.append(cap)
        return None

    async def release(self, caps: tuple[Cap, ...]) -> None:
        exact: list[Cap] = []
        for cap in caps:
            if cap.limit < LEASED_FROM:
                exact.append(cap)
                continue
            self._spare[cap] = self._spare.get(cap, 0) + 1
            if self._spare[cap] > 2 * LEASE:
                self._spare[cap] -= LEASE
                exact.append(_many(cap))
        if exact:
            self._channel.send(CapRelease(caps=tuple(exact)))

    async def _acquire(self, caps: tuple[Cap, ...]) -> Cap | None:
        return (await self._ask(lambda call: CapAcquire(call=call, caps=caps), Acquired)).full

    async def _lease(self, cap: Cap) -> Cap | None:
        """One of a large cap; when there is no room for a lease, exactly one is asked for."""
        if self._spare.get(cap, 0) == 0:
            if await self._acquire((_many(cap),)) is not None:
                return await self._acquire((cap,))
            self._spare[cap] = self._spare.get(cap, 0) + LEASE
        self._spare[cap] -= 1
        return None

    async def _ask(self, build: Callable[[int], Message], kind: type[AnswerT]) -> AnswerT:
        try:
            return await self._channel.call(build, kind)
        except TransientError as exc:
            raise TransientError(Reason.SHUTTING_DOWN, exc.detail) from exc


def _many(cap: Cap) -> Cap:
    return Cap(cap.rule, cap.key, cap.limit, count=LEASE)
