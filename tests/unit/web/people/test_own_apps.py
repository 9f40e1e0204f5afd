import re
from html import unescape

import pytest

from skrytka.mail.identity.app_passwords import AppPasswords
from skrytka.mail.identity.types import FRESH_S
from skrytka.model.events import AppPasswordChanged
from skrytka.model.secret import Secret
from skrytka.web.people.own_apps import SERVICES
from tests.unit.mail.world import ACTOR, World
from tests.unit.web.people.support import People, hidden, place_of

PATH = "/security/app-passwords"
AGAIN = "/sign-in?next=%2Fsecurity%2Fapp-passwords"
WANTED = {"name": "phone", "imap": "on", "networks": "192.0.2.0/24, 2001:db8::/32", "days": "90"}


@pytest.fixture
def people(world: World) -> People:
    return People(world)


async def shown(people: People, **changes: str) -> str:
    """The app password that is made."""
    made = await people.post(PATH, WANTED | changes)
    found = re.search(r'<code class="secret">([a-z2-7-]+)</code>', made.body.decode())
    assert found is not None, made.body
    return unescape(found[1])


async def test_nobody_makes_one_without_signing_in_a_short_while_ago(people: People) -> None:
    assert place_of(await people.get(PATH)) == AGAIN
    assert place_of(await people.post(PATH, WANTED)) == AGAIN
    assert place_of(await people.sign_in(PATH)) == PATH
    assert (await people.get(PATH)).status == 200
    people.world.clock.advance(FRESH_S)
    assert place_of(await people.post(PATH, WANTED)) == AGAIN


async def test_one_is_made_shown_once_and_opens_what_it_is_for(people: People) -> None:
    world = people.world
    await people.sign_in(PATH)
    secret = await shown(people)
    listed = (await people.get(PATH)).body.decode()
    assert secret not in listed
    for text in ("phone", "read mail", "192.0.2.0/24, 2001:db8::/32", "never"):
        assert text in listed
    found = await AppPasswords(world.store, world.keys, world.clock, world.random).find(
        await world.account("alice"), Secret(secret)
    )
    assert found is not None
    assert (found.record.services, found.record.networks) == (("imap",), ("192.0.2.0/24", "2001:db8::/32"))
    assert found.expires_at_ms == world.clock.now_ms() + 90 * 86_400_000
    (event,) = [event for event in world.events.events if isinstance(event, AppPasswordChanged)]
    assert (event.actor, event.object, event.action) == ("alice@example.test",) * 2 + ("app_password.add",)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "x" * 101}, 422),
        ({"networks": "everywhere"}, 422),
        ({"days": "4000"}, 422),
        ({"days": "x"}, 422),
        ({"name": "taken"}, 409),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_made(people: People, changes: dict[str, str], status: int) -> None:
    await people.world.admin.app_passwords.add("alice@example.test", "taken", ACTOR)
    await people.sign_in(PATH)
    answer = await people.post(PATH, WANTED | changes)
    assert (answer.status, b'class="wrong"' in answer.body) == (status, True)
    assert len(await people.world.admin.app_passwords.list("alice@example.test")) == 1


async def test_one_for_nothing_is_not_made(people: People) -> None:
    await people.sign_in(PATH)
    wanted = {key: value for key, value in WANTED.items() if key not in SERVICES}
    assert (await people.post(PATH, wanted)).status == 422


async def test_one_is_ended_by_its_owner_and_by_nobody_else_s_page(people: People) -> None:
    await people.sign_in(PATH)
    await shown(people, days="")
    values = hidden(await people.get(PATH))
    assert place_of(await people.post(PATH, values, sec_fetch_site="cross-site")) == AGAIN
    for number in ("x", "-1", "0", "", "999999999", "9999999999999"):
        assert place_of(await people.post(PATH, {"end": number})) == PATH
    assert len(await people.world.admin.app_passwords.list("alice@example.test")) == 1
    await people.sign_in(PATH, "bob")
    assert place_of(await people.post(PATH, values)) == PATH
    assert len(await people.world.admin.app_passwords.list("alice@example.test")) == 1
    await people.sign_in(PATH)
    assert place_of(await people.post(PATH, values)) == PATH
    assert await people.world.admin.app_passwords.list("alice@example.test") == []


async def test_who_has_more_to_show_makes_none(people: People) -> None:
    people.factors.needed = people.factors.is_bare = True
    await people.sign_in(PATH)
    assert place_of(await people.post(PATH, WANTED)) == AGAIN
    people.factors.needed, people.factors.is_given = False, True
    await people.sign_in(PATH)
    assert place_of(await people.post(PATH, WANTED)) == AGAIN


async def test_a_name_is_no_markup(people: People) -> None:
    await people.sign_in(PATH)
    await shown(people, name="<script>alert(1)</script>")
    assert b"<script>" not in (await people.get(PATH, accept_language="pl")).body
