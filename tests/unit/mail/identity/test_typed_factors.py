import pytest

from skrytka.mail.identity.proofs import Proofs
from skrytka.mail.identity.typed_factors import TypedFactors
from skrytka.mail.identity.types import Login
from skrytka.model.errors import PermanentError
from skrytka.model.secret import Secret
from skrytka.net.limits import LimitTable, LocalLimits
from tests.unit.mail.identity.test_factors import ALICE, code, factors, owner
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import World


async def test_a_code_of_an_app_or_a_recovery_code_is_taken_once(world: World) -> None:
    made, alice = factors(world), await owner(world)
    typed, login = (
        TypedFactors(made, Proofs(made, LocalLimits(LimitTable(world.clock)))),
        Login(alice.account, alice.address),
    )
    assert not await typed.is_needed(login)
    seed, _uri = made.new_totp(alice)
    await made.add_totp(alice, "phone", seed, code(world, seed), ALICE)
    recovery = (await made.make_codes(alice, ALICE))[0]
    assert await typed.is_needed(login)
    world.clock.advance(60)
    shown = code(world, seed)
    await typed.check(login, Secret(f"{shown[:3]} {shown[3:]}"), PeerFacts())
    await typed.check(login, recovery, PeerFacts())
    for again in (Secret(shown), recovery, Secret(""), Secret("x" * 60)):
        with pytest.raises(PermanentError):
            await typed.check(login, again, PeerFacts())
