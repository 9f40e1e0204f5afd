from collections.abc import AsyncIterator

import pytest

from skrytka.model.errors import Reason, TransientError
from tests.unit.mail.openid_world import OpenIdWorld, openid_world
from tests.unit.mail.world import World
from tests.unit.web.people.support import People, place_of
from tests.unit.web.people.test_providers import Provided


@pytest.fixture
async def there(world: World) -> AsyncIterator[OpenIdWorld]:
    async with openid_world(world) as made:
        yield made


async def test_a_visit_ends(world: World) -> None:
    people = People(world)
    await people.sign_in("/device")
    assert b"<form" in (await people.get("/sign-out")).body
    assert place_of(await people.post("/sign-out", {}, sec_fetch_site="cross-site")) == "/sign-out"
    assert (await people.get("/device")).status == 200
    kept = dict(people.kept)
    answer = await people.post("/sign-out", {})
    assert "Max-Age=0" in dict(answer.fields)["Set-Cookie"]
    people.kept = kept
    assert place_of(await people.get("/device")).startswith("/sign-in?")
    assert (await people.post("/sign-out", {})).status == 200


async def test_who_came_by_a_provider_is_told_where_he_still_is(
    there: OpenIdWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = Provided(there)
    await people.come()
    answer = await people.post("/sign-out", {})
    assert f'href="{there.fake.issuer}/end?client_id=skrytka"' in answer.body.decode()
    await people.come()

    async def down(*_args: object) -> str:
        raise TransientError(Reason.UNREACHABLE)

    monkeypatch.setattr(type(people.providers[0]), "end_place", down)
    assert b"/end?" not in (await people.post("/sign-out", {})).body
