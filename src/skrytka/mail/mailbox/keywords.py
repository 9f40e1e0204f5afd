"""Keywords of an account: names that clients give, bits in the flags of its messages.

An account has 40 bits. When all have names, a new keyword gets the bit of one that no message has, in the vault
neither: they are looked through here, in pieces, and the store gives the bit away only if nothing has happened in the
account since. Whoever has found bits before that says so with its command (the epoch), and is refused.
"""

import asyncio
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Final

from skrytka.mail.mailbox.names import keyword_mac, seal_keyword
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.flags import FIRST_KEYWORD_BIT, KEYWORDS_MAX
from skrytka.model.ids import AccountId, State, new_unit
from skrytka.store.api import Store
from skrytka.store.commands.mailbox import AddKeyword
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.sql import keywords as sql

_NO_KEYWORD_BIT: Final = 62  # beyond the 40 keywords an account may have
_PIECE: Final = 2_000  # messages that are looked at in a row: about a millisecond
_ATTEMPTS: Final = 4
_ALL: Final = range(FIRST_KEYWORD_BIT, FIRST_KEYWORD_BIT + KEYWORDS_MAX)


class Keywords:
    """Finds and makes the bits of keywords."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random

    async def bits(self, keys: AccountKeys, wanted: Sequence[str], *, are_needed: bool) -> tuple[int, int]:
        """Bits of ``wanted``, and the epoch in which they are so; new ones are made if they are needed.

        Else a bit that nothing has is as good. PermanentError(TOO_MANY), and then none of them is made.
        """
        names = {keyword_mac(keys, keyword): keyword for keyword in wanted}
        for _ in range(_ATTEMPTS):
            known = await self._store.read(sql.known(keys.account))
            new = [keyword for mac, keyword in names.items() if mac not in known.bits]
            if not new or not are_needed:
                return sum({1 << known.bits.get(mac, _NO_KEYWORD_BIT) for mac in names}), known.epoch
            await self._make(keys, new, known)
        raise TransientError(Reason.STORE_BUSY, f"account {keys.account}: its messages change too fast")

    async def _make(self, keys: AccountKeys, new: Sequence[str], known: sql.Known) -> None:
        missing = len(known.bits) + len(new) - KEYWORDS_MAX
        reused: list[int] = []
        if missing > 0:
            reused = (await self._unused(keys.account) if len(new) <= KEYWORDS_MAX else [])[:missing]
            if len(reused) < missing:
                raise PermanentError(Reason.TOO_MANY, f"account {keys.account} has {len(known.bits)} keywords")
        places = [None] * (len(new) - len(reused)) + reused
        for number, (keyword, reuse) in enumerate(zip(new, places, strict=True)):
            command = AddKeyword(
                unit=new_unit(self._clock, self._random),
                account=keys.account,
                name_mac=keyword_mac(keys, keyword),
                name=seal_keyword(keys, keyword),
                reuse=reuse,
                as_of=State(known.state + number),
            )
            try:
                await self._store.submit(command)
            except TransientError as exc:
                if reuse is None or exc.reason is not Reason.STORE_BUSY:
                    raise
                return  # something has happened meanwhile: look again

    async def _unused(self, account: AccountId) -> list[int]:
        """Bits that no message of the account has."""
        used = 0
        if await self._store.read(sql.has_staged(account)):  # a copy under way may have any of them
            return []
        for table in sql.Table:
            place = (0, 0)
            while True:
                rows = await self._store.read(sql.flags_after(account, table, place, _PIECE))
                used = reduce(or_, [flags for _, _, flags in rows], used)
                if len(rows) < _PIECE:
                    break
                place = rows[-1][:2]
                await asyncio.sleep(0)
        return [bit for bit in _ALL if not used >> bit & 1]
