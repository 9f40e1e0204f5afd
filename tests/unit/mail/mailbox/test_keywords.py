"""Bits of keywords."""

from collections.abc import Sequence

import pytest

from skrytka.mail.mailbox.keywords import Keywords
from skrytka.mail.mailbox.types import FlagChange
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.flags import KEYWORDS_MAX
from skrytka.store.commands.mailbox import AddKeyword
from tests.unit.mail.world import MESSAGE, World

NAMES = [f"k{number}" for number in range(KEYWORDS_MAX)]


async def bits(world: World, wanted: Sequence[str], *, are_needed: bool = True) -> int:
    keys = await world.keys.account(await world.account("alice"))
    found, _epoch = await Keywords(world.store, world.clock, world.random).bits(keys, wanted, are_needed=are_needed)
    return found


async def test_known_keywords_keep_their_bit_and_new_ones_get_one(world: World) -> None:
    account = await world.account("alice")
    assert await bits(world, ["$a", "$B"]) == 1 << 8 | 1 << 9
    assert await bits(world, ["$b", "$B"]) == 1 << 9
    assert await bits(world, ["$none"], are_needed=False) == 1 << 62
    assert await bits(world, ["$none", "$A"], are_needed=False) == 1 << 62 | 1 << 8
    assert await world.mailboxes.keyword_bits(account, ["$A", "$c"]) == (1 << 8 | 1 << 10, 0)
    assert await world.mailboxes.keyword_bits(account, []) == (0, None)


async def test_what_has_no_room_makes_none(world: World) -> None:
    with pytest.raises(PermanentError):
        await bits(world, [*NAMES, "one more"])
    assert await bits(world, ["$a"]) == 1 << 8


async def test_a_keyword_that_no_message_has_makes_room_for_a_new_one(world: World) -> None:
    account = await world.account("alice")
    for _ in range(2):
        await world.deliver(MESSAGE)
    view = await world.mailboxes.open(account, "INBOX")
    await bits(world, NAMES)
    await view.store_flags([1], FlagChange.ADD, 0, [name for name in NAMES if name not in {"k3", "k7", "k20", "k30"}])
    await view.store_flags([2], FlagChange.ADD, 8, ["K20"])
    await view.copy([1], "Sent", is_move=True)
    await view.expunge([2])  # the vault's have their keywords too
    assert await bits(world, ["$new", "k1"]) == 1 << 8 + 3 | 1 << 8 + 1
    assert (await view.snapshot()).keywords == (*NAMES[:3], "$new", *NAMES[4:])
    with pytest.raises(PermanentError) as caught:
        await bits(world, ["$2", "$3", "$4", "$5"])  # nothing has $new yet either, k7 and k30 neither
    assert caught.value.reason is Reason.TOO_MANY
    await view.store_flags([1], FlagChange.ADD, 0, ["$new"])  # gone: nobody has it afterwards
    assert await bits(world, ["$2", "$3"]) == 1 << 8 + 3 | 1 << 8 + 7
    assert (await view.snapshot()).keywords == (*NAMES[:3], "$2", *NAMES[4:7], "$3", *NAMES[8:])


async def test_where_the_account_changes_meanwhile_it_is_looked_through_again(world: World) -> None:
    await bits(world, NAMES)
    busy = TransientError(Reason.STORE_BUSY)
    world.store.failures[AddKeyword] = [busy, busy]
    assert await bits(world, ["$new"]) == 1 << 8
    world.store.failures[AddKeyword] = [busy] * 4
    with pytest.raises(TransientError):
        await bits(world, ["$other"])
    world.store.failures[AddKeyword] = [TransientError(Reason.STORE_DOWN)]
    with pytest.raises(TransientError) as caught:
        await bits(world, ["$other"])
    assert caught.value.reason is Reason.STORE_DOWN
