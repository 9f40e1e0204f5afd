import json

import pytest

from skrytka.protocol.oauth.metadata import metadata
from tests.unit.mail.identity.oauth.support import ISSUER
from tests.unit.mail.world import World
from tests.unit.web.people.support import People


@pytest.fixture
def people(world: World) -> People:
    return People(world)


async def test_every_place_that_is_named_answers(people: People) -> None:
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        assert json.loads((await people.get(path)).body) == metadata(ISSUER)
    for name, place in metadata(ISSUER).items():
        if name.endswith(("_endpoint", "_uri")):
            path = place.removeprefix(ISSUER)
            statuses = {(await people.get(path)).status, (await people.post(path, {})).status}
            assert 404 not in statuses, name


async def test_what_a_program_sends_is_handed_on(people: People) -> None:
    token = (await people.case.tokens())["access_token"]
    for ask in (people.get("/oauth/userinfo", authorization=f"Bearer {token}"),):
        assert json.loads((await ask).body)["email"] == "alice@example.test"
    answer = await people.post("/oauth/token", {"grant_type": "refresh_token", "client_id": "nobody"})
    assert (answer.status, json.loads(answer.body)["error"]) == (401, "invalid_client")
    assert dict(answer.fields)["Cache-Control"] == "no-store"
    assert dict((await people.get("/oauth/jwks")).fields)["Cache-Control"] == "public, max-age=3600"
