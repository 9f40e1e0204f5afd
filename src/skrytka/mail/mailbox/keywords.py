"""Keywords of an account: names that clients give, bits in the flags of its messages."""

from collections.abc import Sequence
from typing import Final

from skrytka.mail.mailbox.names import keyword_mac, seal_keyword
from skrytka.mail.mailbox.types import FIRST_KEYWORD_BIT, KEYWORDS_MAX
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import UnitId, new_id
from skrytka.store.api import Store
from skrytka.store.commands.mailbox import AddKeyword
from skrytka.store.seal.keys import AccountKeys

_NO_KEYWORD_BIT: Final = 62  # beyond the 40 keywords an account may have


class Keywords:
    """Finds and makes the bits of keywords."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random

    async def bits(self, keys: AccountKeys, known: Sequence[str], wanted: Sequence[str], *, are_needed: bool) -> int:
        """Those of ``wanted``; new ones are made if they are needed, else a bit that nothing has is as good.

        ``known`` are the account's keywords by bit, as a snapshot has them. PermanentError(TOO_MANY), and then none of
        them is made: there are few, and they stay.
        """
        by_name = {name.casefold(): bit for bit, name in enumerate(known, FIRST_KEYWORD_BIT) if name}
        new = {keyword.casefold() for keyword in wanted} - by_name.keys()
        if are_needed and new and len(by_name) + len(new) > KEYWORDS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"account {keys.account} has {len(by_name)} keywords")
        found = 0
        for keyword in wanted:
            bit = by_name.get(keyword.casefold())
            if bit is None:
                bit = await self._made(keys, keyword) if are_needed else _NO_KEYWORD_BIT
            found |= 1 << bit
        return found

    async def _made(self, keys: AccountKeys, keyword: str) -> int:
        return await self._store.submit(
            AddKeyword(
                unit=UnitId(new_id(self._clock, self._random)),
                account=keys.account,
                name_mac=keyword_mac(keys, keyword),
                name=seal_keyword(keys, keyword),
            )
        )
