import pytest

from skrytka.mail.identity.types import FRESH_S
from tests.unit.mail.identity.test_factors import add_totp
from tests.unit.mail.world import ACTOR, World
from tests.unit.web.people.support import People, place_of


@pytest.fixture
def people(world: World) -> People:
    return People(world)


@pytest.mark.parametrize("path", ["/security", "/security/app", "/security/password", "/security/passkey"])
async def test_nobody_comes_in_without_signing_in(people: People, path: str) -> None:
    assert place_of(await people.get(path)) == "/sign-in?next=/security"


async def test_signing_in_counts_for_five_minutes(people: People) -> None:
    await people.sign_in("/security")
    assert (await people.get("/security")).status == 200
    people.world.clock.advance(-1)  # set back
    assert place_of(await people.get("/security")) == "/sign-in?next=/security"
    people.world.clock.advance(1 + FRESH_S)
    assert place_of(await people.get("/security")) == "/sign-in?next=/security"


async def test_who_has_a_factor_and_has_not_shown_it_stays_outside(people: People) -> None:
    world = people.world
    await world.admin.mfa.require("alice@example.test", 0, ACTOR)
    people.factors.needed = people.factors.is_bare = True
    assert place_of(await people.sign_in()) == "/security"
    assert (await people.get("/security")).status == 200  # he has none: he may add one
    owner = await people.own.factors.owner(await world.account("alice"))
    code = await people.own.factors.reset(owner, ACTOR)
    await add_totp(world, people.own.factors, owner, code)
    await people.sign_in()
    assert place_of(await people.get("/security")) == "/sign-in?next=/security"
