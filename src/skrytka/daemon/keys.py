"""A front's keys: asked of the key agent, kept ten minutes, never written anywhere."""

import asyncio
from collections import OrderedDict
from typing import Protocol

from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.ring import account_subject

KEEP_S = 600.0
ACCOUNTS_MAX = 20_000


class Ask(Protocol):
    """A question to the key agent."""

    async def __call__(self, subject: str, *, is_new: bool) -> Secret:
        """The key of a subject, made first if ``is_new``."""
        ...


class AgentKeySource:
    """``store.seal.source.KeySource`` of a front. Sessions that want the same key at once cause one question."""

    def __init__(self, ask: Ask, clock: Clock, random: Random) -> None:
        self._ask = ask
        self._clock = clock
        self._random = random
        self._accounts: OrderedDict[AccountId, tuple[float, AccountKeys]] = OrderedDict()  # oldest first
        self._nodes: dict[str, Secret] = {}
        self._asking: dict[str, asyncio.Future[Secret | None]] = {}

    async def account(self, account: AccountId) -> AccountKeys:
        kept = self._accounts.get(account)
        if kept is not None and kept[0] > self._clock.monotonic_s():
            return kept[1]
        secret = await self._shared(account_subject(account), is_new=False)
        return self._keep(account, secret)

    async def node(self, subject: str) -> Secret:
        """A key of the node; these few are kept as long as the process lives."""
        if subject not in self._nodes:
            self._nodes[subject] = await self._shared(subject, is_new=False)
        return self._nodes[subject]

    async def create_account(self, account: AccountId) -> None:
        self._keep(account, await self._shared(account_subject(account), is_new=True))

    def sweep(self) -> None:
        """Forget what is older than ten minutes; called by the front's timer."""
        now_s = self._clock.monotonic_s()
        while self._accounts:
            account, (until_s, _keys) = next(iter(self._accounts.items()))
            if until_s > now_s and len(self._accounts) <= ACCOUNTS_MAX:
                return
            del self._accounts[account]

    def _keep(self, account: AccountId, secret: Secret) -> AccountKeys:
        keys = AccountKeys(account, secret, self._random)
        self._accounts[account] = (self._clock.monotonic_s() + KEEP_S, keys)
        self._accounts.move_to_end(account)
        if len(self._accounts) > ACCOUNTS_MAX:
            self.sweep()
        return keys

    async def _shared(self, subject: str, *, is_new: bool) -> Secret:
        while not is_new and (waiting := self._asking.get(subject)) is not None:
            if (secret := await asyncio.shield(waiting)) is not None:
                return secret
        future: asyncio.Future[Secret | None] = asyncio.get_running_loop().create_future()
        self._asking[subject] = future
        try:
            secret = await self._ask(subject, is_new=is_new)
            future.set_result(secret)
            return secret
        except Exception as exc:
            future.set_exception(exc)
            future.exception()  # seen: perhaps nobody else waits
            raise
        finally:
            if not future.done():  # the asker's session was cut: who waits asks again
                future.set_result(None)
            if self._asking.get(subject) is future:
                del self._asking[subject]
