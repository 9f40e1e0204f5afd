import pytest

from skrytka.model.events import OAuthRevoked
from tests.unit.mail.identity.oauth.support import error_of
from tests.unit.mail.world import World
from tests.unit.web.people.support import People, hidden, place_of


@pytest.fixture
def people(world: World) -> People:
    return People(world)


async def test_somebody_sees_what_he_let_in_and_ends_it(people: People) -> None:
    assert place_of(await people.get("/programs")) == "/sign-in?next=%2Fprograms"
    assert place_of(await people.sign_in("/programs")) == "/programs"
    assert b"There are none." in (await people.get("/programs")).body
    tokens, others = await people.case.tokens(), await people.case.tokens("bob")
    listed = await people.get("/programs")
    assert b"mail-program, since 2027-" in listed.body
    assert b"send mail in your name" in listed.body
    values = hidden(listed)
    assert place_of(await people.post("/programs", values, sec_fetch_site="cross-site")).startswith("/sign-in")
    assert place_of(await people.post("/programs", values)) == "/programs"
    assert error_of(await people.case.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert place_of(await people.post("/programs", values)) == "/programs"
    (event,) = [event for event in people.world.events.events if isinstance(event, OAuthRevoked) and event.actor]
    assert (event.cause, event.actor) == ("owner", "alice@example.test")
    (bobs,) = await people.world.admin.programs.grants("bob@example.test")
    assert place_of(await people.post("/programs", {"grant": bobs.grant})) == "/programs"
    assert (await people.case.refresh(others["refresh_token"])).status == 200
