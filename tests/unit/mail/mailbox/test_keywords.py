"""Bits of keywords."""

import pytest

from skrytka.mail.mailbox.keywords import Keywords
from skrytka.mail.mailbox.types import KEYWORDS_MAX
from skrytka.model.errors import PermanentError
from tests.unit.mail.world import World


async def test_known_keywords_keep_their_bit_and_new_ones_get_one(world: World) -> None:
    account = await world.account("alice")
    keys = await world.keys.account(account)
    keywords = Keywords(world.store, world.clock, world.random)
    assert await keywords.bits(keys, (), ["$a", "$B"], are_needed=True) == 1 << 8 | 1 << 9
    assert await keywords.bits(keys, ("$a", "$B"), ["$b"], are_needed=True) == 1 << 9
    assert await keywords.bits(keys, (), ["$b"], are_needed=True) == 1 << 9, "another session made it"
    assert await keywords.bits(keys, ("$a",), ["$none"], are_needed=False) == 1 << 62
    assert await world.mailboxes.keyword_bits(account, ["$A", "$c"]) == 1 << 8 | 1 << 10
    assert await world.mailboxes.keyword_bits(account, []) == 0


async def test_what_has_no_room_makes_none(world: World) -> None:
    account = await world.account("alice")
    with pytest.raises(PermanentError):
        await world.mailboxes.keyword_bits(account, [f"k{number}" for number in range(KEYWORDS_MAX + 1)])
    assert await world.mailboxes.keyword_bits(account, ["$a"]) == 1 << 8
