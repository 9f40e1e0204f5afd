from dataclasses import replace

import pytest

from skrytka.mail.admin.commands.logins import LoginInfo
from skrytka.mail.identity.sessions import Place
from skrytka.model.address import Address
from skrytka.web.people.app import people_app
from tests.unit.mail.world import World
from tests.unit.web.people.support import People, hidden, place_of
from tests.unit.web.support import PEER

LOG = [
    LoginInfo(at="2027-01-15T08:00:00.000Z", outcome="refused", service="imaps", remote="192.0.2.9", detail="<b>"),
    LoginInfo(at="2027-01-15T09:00:00.000Z", outcome="in", service="imaps", means="app_password", remote="192.0.2.7"),
]


@pytest.fixture
def people(world: World) -> People:
    return People(world)


@pytest.mark.parametrize("path", ["/security/sessions", "/security/logins"])
async def test_nobody_sees_them_without_signing_in(people: People, path: str) -> None:
    assert place_of(await people.get(path)).startswith("/sign-in?next=%2Fsecurity%2F")
    assert place_of(await people.sign_in(path)) == path
    assert (await people.get(path)).status == 200


async def test_the_first_page_leads_to_the_others_and_to_the_one_way_out(people: People) -> None:
    await people.sign_in()
    home = (await people.get("/", accept_language="pl")).body.decode()
    assert ("Wyloguj" in home, 'action="/sign-out"' in home) == (True, True)
    assert (await people.post("/", {})).status == 405
    await people.post("/sign-out", {})
    assert place_of(await people.get("/security/logins")).startswith("/sign-in")


async def test_sessions_are_seen_and_ended(people: People) -> None:
    world = people.world
    account = await world.account("alice")
    for agent in ("curl/8", "python"):
        await world.admin.sessions.begin(account, Place("192.0.2.3", agent), is_proved=True)
    await world.admin.sessions.begin(await world.account("bob"), Place("192.0.2.4", "other"), is_proved=True)
    await people.sign_in()
    elsewhere, people.cookie = people.cookie, ""
    await people.sign_in()
    listed = await people.get("/security/sessions")
    text = listed.body.decode()
    assert ("these pages, here and now" in text, text.count("these pages"), PEER.remote in text) == (True, 2, True)
    assert ("curl/8" in text, "192.0.2.4" in text) == (True, False)
    sessions = await world.admin.sessions.list(account)
    await people.post("/security/sessions", {"session": sessions[0].id})
    assert len(await world.admin.sessions.list(account)) == 1
    await people.post("/security/sessions", {"session": "nothing"})
    assert place_of(await people.post("/security/sessions", {"session": ""})) == "/security/sessions"
    assert await world.admin.sessions.list(account) == []
    assert len(await world.admin.sessions.list(await world.account("bob"))) == 1
    assert (await people.get("/security/sessions")).status == 200
    people.cookie = elsewhere
    assert place_of(await people.get("/security/sessions")).startswith("/sign-in")
    assert hidden(listed)["session"] == ""


async def test_another_site_s_page_ends_nothing(people: People) -> None:
    account = await people.world.account("alice")
    await people.world.admin.sessions.begin(account, Place("192.0.2.3", "curl"), is_proved=True)
    await people.sign_in()
    await people.post("/security/sessions", {"session": ""}, sec_fetch_site="cross-site")
    assert len(await people.world.admin.sessions.list(account)) == 1


async def test_logins_are_shown_to_whose_they_are_the_newest_first(people: People) -> None:
    asked: list[Address] = []

    async def log(address: Address, _limit: int) -> list[LoginInfo]:
        asked.append(address)
        return LOG

    await people.sign_in()
    assert b"cannot be read" in (await people.get("/security/logins")).body
    people.web = people_app(replace(people.deps, logins=log))
    await people.sign_in()
    text = (await people.get("/security/logins")).body.decode()
    assert text.index("app password") < text.index("refused")
    assert ("&lt;b&gt;" in text, "<b>" in text) == (True, False)
    assert [str(address) for address in asked] == ["alice@example.test"]


async def test_one_says_in_which_language_one_is_written_to(people: People) -> None:
    accounts = people.world.admin.accounts
    assert place_of(await people.post("/security/language", {"language": "pl"})) == "/"
    assert (await accounts.show("alice@example.test")).language == ""
    await people.sign_in()
    for site, language, expected in (("cross-site", "pl", ""), ("same-origin", "de", ""), ("same-origin", "pl", "pl")):
        await people.post("/security/language", {"language": language}, sec_fetch_site=site)
        assert (await accounts.show("alice@example.test")).language == expected
    text = (await people.get("/")).body.decode()
    assert text.index('value="pl"') < text.index('value="en"')
    await people.post("/security/language", {"language": ""})
    assert (await accounts.show("alice@example.test")).language == ""
