import pytest

from skrytka.mail.identity.delegation import DelegationKind, Delegations, parse_rights
from skrytka.model.errors import PermanentError
from tests.unit.mail.world import ACTOR, World


async def test_kinds_are_those_of_the_account_whose_own_address_it_is(world: World) -> None:
    await world.admin.access.delegate("alice@example.test", "bob@example.test", "on_behalf", ACTOR)
    await world.admin.aliases.add("sales@example.test", ["alice@example.test"], ACTOR)
    bob, delegations = await world.account("bob"), Delegations(world.store)
    assert await delegations.kinds("alice@example.test", bob) == {DelegationKind.ON_BEHALF}
    for other in ("sales@example.test", "nobody@example.test", "bob@example.test"):
        assert await delegations.kinds(other, bob) == frozenset()


def test_rights_are_letters_in_their_order() -> None:
    """RFC 4314 2.1."""
    assert parse_rights("wsrl") == "lrsw"
    assert parse_rights("") == ""
    for wrong in ("lrz", "LR", "l r"):
        with pytest.raises(PermanentError):
            parse_rights(wrong)
