"""Bits of keywords."""

from skrytka.mail.mailbox.keywords import Keywords
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
