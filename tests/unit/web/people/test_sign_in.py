import pytest

from skrytka.mail.identity.types import Login, Peer
from skrytka.model.errors import Reason, TransientError
from skrytka.web.people.sign_in import checked_after, sign_in_place
from tests.unit.mail.world import World
from tests.unit.web.people.support import People, hidden, place_of


@pytest.fixture
def people(world: World) -> People:
    return People(world)


async def test_a_password_leads_on(people: People) -> None:
    asked = await people.get("/sign-in?next=%2Fdevice")
    assert hidden(asked) == {"next": "/device"}
    assert place_of(await people.sign_in("/device")) == "/device"
    assert b"user_code" in (await people.get("/device")).body


@pytest.mark.parametrize(("name", "password"), [("alice", "mistaken"), ("nobody", "correct horse")])
async def test_what_is_wrong_is_one_sentence(people: People, name: str, password: str) -> None:
    answer = await people.sign_in(name=name, password=password)
    assert answer.status == 403
    assert b"Address or password is wrong." in answer.body
    assert not people.cookie
    assert f'value="{name}@example.test"' in answer.body.decode()
    assert password not in answer.body.decode()


async def test_too_many_tries_are_told(people: People) -> None:
    for _ in range(10):
        assert (await people.sign_in(password="wrong")).status == 403
    assert (await people.sign_in()).status == 429


async def test_a_form_of_another_site_does_nothing(people: People) -> None:
    values = {"address": "alice@example.test", "password": "correct horse"}
    answer = await people.post("/sign-in", values, sec_fetch_site="cross-site")
    assert answer.status == 403
    assert not people.cookie


async def test_a_second_factor_is_asked_for_and_the_cookie_changes(people: People) -> None:
    people.factors.needed = True
    assert place_of(await people.sign_in("/device")) == "/sign-in/code?next=%2Fdevice"
    half = people.cookie
    assert place_of(await people.get("/device")).startswith("/sign-in?")
    assert hidden(await people.get("/sign-in/code?next=%2Fdevice")) == {"next": "/device"}
    assert (await people.post("/sign-in/code", {"code": "000000", "next": "/device"})).status == 403
    people.factors.is_busy = True
    assert (await people.post("/sign-in/code", {"code": "123456", "next": "/device"})).status == 429
    people.factors.is_busy = False
    assert place_of(await people.post("/sign-in/code", {"code": "123456", "next": "/device"})) == "/device"
    assert people.cookie != half
    assert (await people.get("/device")).status == 200
    people.cookie = half
    assert place_of(await people.get("/device")).startswith("/sign-in?")


async def test_a_code_without_a_password_leads_back(people: People) -> None:
    assert place_of(await people.get("/sign-in/code?next=%2Fdevice")) == sign_in_place("/device")
    assert place_of(await people.post("/sign-in/code", {"code": "123456"})) == sign_in_place("")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("/device?user_code=A", "/device?user_code=A"),
        ("/oauth/authorize?a=b", "/oauth/authorize?a=b"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/device", "/"),
        ("/\\evil.example/device", "/"),
        ("/device\\@evil", "/"),
        ("/device\r\nSet-Cookie: a=b", "/"),  # what cannot stand in a field would end the session as a bug
        ("/device?ż", "/"),
    ],
)
def test_nobody_is_sent_elsewhere(after: str, expected: str) -> None:
    assert checked_after(after) == expected


async def test_a_fault_of_ours_is_no_wrong_password(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_args: object) -> Login:
        raise TransientError(Reason.STORE_DOWN)

    monkeypatch.setattr(people.identity, "login", down)
    with pytest.raises(TransientError):
        await people.sign_in()


async def test_a_login_is_whole_when_its_factor_was_shown(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[str] = []

    async def told(login: Login, _facts: Peer, mechanism: str) -> None:
        whole.append(f"{login.address} {mechanism}")

    monkeypatch.setattr(people.identity, "whole", told)
    people.factors.needed = True
    await people.sign_in()
    assert whole == []
    await people.post("/sign-in/code", {"next": "/device", "code": "000000"})
    assert whole == []
    await people.post("/sign-in/code", {"next": "/device", "code": "123456"})
    people.factors.needed = False
    await people.sign_in()
    assert whole == ["alice@example.test WEB"] * 2


async def test_who_signs_in_anew_ends_what_his_browser_had_before(people: People) -> None:
    await people.sign_in()
    before = people.cookie
    await people.sign_in(password="wrong")
    assert (await people.get("/programs", cookie=before)).status == 200
    await people.sign_in(name="bob")
    assert (await people.get("/programs")).status == 200
    assert place_of(await people.get("/programs", cookie=before)).startswith("/sign-in")
