from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from skrytka.mail.identity.oauth import devices
from skrytka.protocol.http.server import Response
from skrytka.store.sql import oauth as sql
from tests.unit.mail.identity.oauth.support import PLACE, answered, content, fields
from tests.unit.mail.world import World
from tests.unit.web.people.support import People, hidden, place_of


@pytest.fixture
def people(world: World) -> People:
    return People(world)


def asks(**changes: str) -> str:
    return "/oauth/authorize?" + urlencode(fields(**changes))


async def decide(people: People, question: Response, decision: str = "allow", **changes: str) -> Response:
    return await people.post("/oauth/authorize", hidden(question) | {"decision": decision} | changes)


async def test_who_is_not_signed_in_signs_in_first_and_comes_back(people: People) -> None:
    place = place_of(await people.get(asks()))
    assert place.startswith("/sign-in?next=%2Foauth%2Fauthorize%3F")
    back = dict(parse_qsl(urlsplit(place).query))["next"]
    assert place_of(await people.sign_in(back)) == back
    question = await people.get(back)
    text = question.body.decode()
    assert question.status == 200
    for said in (
        "Let Mail program in?",
        "alice@example.test",
        "send mail in your name",
        "127.0.0.1:49152",
        "Any program",
        "for 90 days",
        "/programs",
    ):
        assert said in text
    assert dict(parse_qsl(hidden(question)["request"])) == fields()


async def test_a_yes_sends_a_code_and_a_no_does_not(people: People) -> None:
    await people.sign_in()
    question = await people.get(asks(), accept_language="pl")
    assert "Wpuścić program Mail program?" in question.body.decode()
    told = answered(place_of(await decide(people, question)))
    content(await people.case.redeem(told["code"]))
    told = answered(place_of(await decide(people, question, "deny")))
    assert told["error"] == "access_denied"


@pytest.mark.parametrize("max_age", ["0", "000"])
async def test_whoever_has_to_sign_in_anew_does_so_once(people: People, max_age: str) -> None:
    await people.sign_in()
    back = dict(parse_qsl(urlsplit(place_of(await people.get(asks(max_age=max_age)))).query))["next"]
    await people.sign_in(back)
    assert (await people.get(back)).status == 200


async def test_an_answer_that_took_too_long_is_none(people: People) -> None:
    await people.sign_in()
    question = await people.get(asks(max_age="60"))
    people.world.clock.advance(70)
    assert (await decide(people, question)).status == 403


async def test_a_form_counts_for_who_saw_it_and_from_this_site_only(people: People) -> None:
    await people.sign_in()
    question = await people.get(asks())
    answer = await people.post(
        "/oauth/authorize", hidden(question) | {"decision": "allow"}, sec_fetch_site="cross-site"
    )
    assert answer.status == 403
    await people.sign_in(name="bob")
    assert (await decide(people, question)).status == 403
    people.cookie = ""
    assert (await decide(people, question)).status == 403
    assert await people.world.store.read(sql.grants(await people.world.account("alice"))) == []


async def test_what_comes_back_in_a_form_is_checked_anew(people: People) -> None:
    await people.sign_in()
    question = await people.get(asks())
    request = hidden(question)["request"]
    evil = request.replace("127.0.0.1%3A49152", "evil.example")
    assert (await decide(people, question, request=evil)).status == 400
    told = answered(place_of(await decide(people, question, request=request.replace("S256", "plain"))))
    assert told["error"] == "invalid_request"


async def test_what_is_wrong_stays_here_or_goes_to_the_program(people: People) -> None:
    answer = await people.get(asks(redirect_uri="https://evil.example/"))
    assert answer.status == 400
    assert b"was told nothing" in answer.body
    assert b"evil" not in answer.body
    assert answered(place_of(await people.get(asks(scope="root"))))["error"] == "invalid_scope"
    assert answered(place_of(await people.get(asks(prompt="none"))))["error"] == "login_required"
    await people.sign_in()
    assert answered(place_of(await people.get(asks(prompt="none"))))["error"] == "consent_required"


async def test_signing_in_anew_is_asked_for_once(people: People) -> None:
    await people.sign_in()
    place = place_of(await people.get(asks(prompt="login consent")))
    back = dict(parse_qsl(urlsplit(place).query))["next"]
    kept = dict(parse_qsl(urlsplit(back).query))
    assert (kept["prompt"], kept["max_age"]) == ("consent", "300")
    assert (await people.get(back)).status == 200
    people.world.clock.advance(400)
    assert place_of(await people.get(back)).startswith("/sign-in")


async def test_a_program_with_a_secret_is_asked_about_once(people: People) -> None:
    secret, place = await people.case.confidential(), "https://web.example.org/cb"
    await people.sign_in()
    question = await people.get(asks(client_id="web", redirect_uri=place))
    assert b"Any program" not in question.body
    policy = dict(question.fields)["Content-Security-Policy"]
    assert "form-action 'self' https://web.example.org;" in policy
    code = answered(place_of(await decide(people, question)))["code"]
    content(await people.case.redeem(code, client_id="web", redirect_uri=place, client_secret=secret.text))
    assert "code" in answered(place_of(await people.get(asks(client_id="web", redirect_uri=place))))


@pytest.mark.parametrize(
    ("place", "source", "shown"),
    [
        ("http://[::1]:49152/callback", "http:", "[::1]"),
        (PLACE, "http://127.0.0.1:49152", "127.0.0.1:49152"),
    ],
)
async def test_a_browser_may_follow_to_the_program(people: People, place: str, source: str, shown: str) -> None:
    await people.sign_in()
    question = await people.get(asks(redirect_uri=place))
    assert f"form-action 'self' {source};" in dict(question.fields)["Content-Security-Policy"]
    assert f"The answer goes to {shown}." in question.body.decode()


async def begun(people: People) -> dict[str, str]:
    return content(await people.case.ask("device_authorization", client_id="mail-program"))


async def test_a_device_is_let_in_by_its_code(people: People) -> None:
    device = await begun(people)
    code = device["user_code"]
    assert place_of(await people.get(f"/device?user_code={code}")).startswith("/sign-in?next=%2Fdevice%3Fuser_code")
    await people.sign_in()
    assert code.encode() in (await people.get(f"/device?user_code={code}")).body
    question = await people.post("/device", {"user_code": code})
    assert b"Was it sent to you?" in question.body
    done = await people.post("/device", hidden(question) | {"decision": "allow"})
    assert b"Go back to the device." in done.body
    assert (await people.post("/device", {"user_code": code})).status == 404


async def test_a_device_can_be_kept_out(people: People) -> None:
    device = await begun(people)
    await people.sign_in()
    question = await people.post("/device", {"user_code": device["user_code"]})
    changed = hidden(question) | {"decision": "deny", "address": "bob@example.test"}
    assert (await people.post("/device", changed)).status == 403
    done = await people.post("/device", hidden(question) | {"decision": "deny"})
    assert b"was not let in" in done.body


async def test_codes_are_not_guessed_at_the_page(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "TYPED_MAX", 1)
    assert (await people.post("/device", {"user_code": "BBBB-BBBB"})).status == 403
    await people.sign_in()
    cross = await people.post("/device", {"user_code": "BBBB-BBBB"}, sec_fetch_site="cross-site")
    assert cross.status == 403
    assert (await people.post("/device", {"user_code": "BBBB-BBBB"})).status == 404
    assert (await people.post("/device", {"user_code": "BBBB-BBBC"})).status == 429
