import base64
import json
from typing import Any

import pytest

from skrytka.mail.identity.change import GIVEN
from skrytka.model.secret import Secret
from skrytka.protocol.http.server import Response
from skrytka.web.http import BadRequestError
from skrytka.web.people.passkeys import CHALLENGES, Registration
from tests.support.authenticator import Authenticator
from tests.unit.mail.identity.oauth.support import ISSUER
from tests.unit.mail.world import ACTOR, World
from tests.unit.web.people.support import People, place_of
from tests.unit.web.support import asked

LOGIN = "/sign-in/passkey"
ADD = "/security/passkey"


class Browser:
    """Keeps both cookies, sends JSON as the script does."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.challenge = ""

    async def send(self, path: str, value: Any, **fields: str) -> Response:
        cookies = "; ".join(each for each in (self.people.cookie, self.challenge) if each)
        sent = {"content_type": "application/json", "sec_fetch_site": "same-origin", "cookie": cookies} | fields
        response = await self.people.web.app(asked("POST", path, json.dumps(value).encode(), **sent))
        for name, field in response.fields:
            if name == "Set-Cookie" and field.startswith("__Host-challenge="):
                assert "SameSite=Strict" in field
                assert "HttpOnly" in field
                self.challenge = field.partition(";")[0]
            elif name == "Set-Cookie":
                self.people.cookie = field.partition(";")[0]
        return response

    async def ask(self, path: str, value: Any) -> Any:
        response = await self.send(path, value)
        assert response.status == 200, response.body
        return json.loads(response.body)

    async def add(self, device: Authenticator, *, is_passkey: bool = True, code: str = "") -> Response:
        options = await self.ask(ADD + "/options", {"is_passkey": is_passkey})
        return await self.send(ADD, {"name": "my key", "response": device.create(options), "enrol_code": code})

    async def sign_in(self, device: Authenticator, after: str = "") -> Response:
        options = await self.ask(LOGIN + "/options", {})
        return await self.send(LOGIN, {"next": after, "response": device.get(options)})


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(People(world))


async def test_a_passkey_is_added_and_signs_in_alone(browser: Browser) -> None:
    people, device = browser.people, Authenticator(ISSUER)
    await people.sign_in("/security")
    assert b'data-passkey="create"' in (await people.get(ADD)).body
    assert json.loads((await browser.add(device)).body) == {"next": "/security"}
    assert b"my key (webauthn)" in (await people.get("/security")).body
    people.cookie = ""
    assert b'data-passkey="get"' in (await people.get(LOGIN + "?next=%2Fdevice")).body
    assert json.loads((await browser.sign_in(device, "/device")).body) == {"next": "/device"}
    assert (await people.get("/security")).status == 200


async def test_a_security_key_is_the_second_step(browser: Browser) -> None:
    people, device = browser.people, Authenticator(ISSUER, is_verifying=False)
    await people.sign_in("/security")
    await browser.add(device, is_passkey=False)
    people.factors.needed = True
    await people.sign_in("/device")
    assert place_of(await people.get("/security")) == "/sign-in?next=/security"
    assert json.loads((await browser.sign_in(device, "/device")).body) == {"next": "/device"}
    assert (await people.get("/security")).status == 200
    people.cookie = ""
    assert (await browser.sign_in(device)).status == 403  # alone it is not enough


async def test_a_challenge_of_another_browser_is_refused(browser: Browser) -> None:
    people, device = browser.people, Authenticator(ISSUER)
    await people.sign_in("/security")
    await browser.add(device)
    people.cookie = ""
    options = await browser.ask(LOGIN + "/options", {})
    answer = device.get(options)
    browser.challenge = "__Host-challenge=somebody-else"
    assert (await browser.send(LOGIN, {"response": answer})).status == 403


async def test_a_suspended_account_does_not_come_in(browser: Browser) -> None:
    people, device = browser.people, Authenticator(ISSUER)
    await people.sign_in("/security")
    await browser.add(device)
    people.cookie = ""
    await people.world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert (await browser.sign_in(device)).status == 403
    assert not people.cookie


@pytest.mark.parametrize("path", [ADD, ADD + "/options", LOGIN, LOGIN + "/options"])
async def test_what_another_site_or_a_form_sends_does_nothing(browser: Browser, path: str) -> None:
    await browser.people.sign_in("/security")
    assert (await browser.send(path, {}, sec_fetch_site="cross-site")).status == 403
    if path != LOGIN + "/options":
        value = {"response": {}, "name": "x"}
        with pytest.raises(BadRequestError) as caught:
            await browser.send(path, value, content_type="text/plain")
        assert caught.value.status == 415


@pytest.mark.parametrize("value", [[], {"response": 1}, "x", {"name": 1}])
async def test_json_of_another_shape_is_refused(browser: Browser, value: Any) -> None:
    await browser.people.sign_in("/security")
    with pytest.raises(BadRequestError) as caught:
        await browser.send(ADD, value)
    assert caught.value.status == 400


async def test_nobody_adds_a_key_without_signing_in(browser: Browser) -> None:
    assert (await browser.send(ADD + "/options", {})).status == 403
    assert (await browser.send(ADD, {"name": "x", "response": {}})).status == 403


async def test_after_a_reset_a_key_wants_the_administrators_code(browser: Browser) -> None:
    people = browser.people
    made = await people.world.admin.factors.reset("alice@example.test", ACTOR)
    people.factors.needed = people.factors.is_bare = True
    await people.sign_in()
    assert b"enrol_code" in (await people.get(ADD)).body
    assert (await browser.add(Authenticator(ISSUER))).status == 403
    assert json.loads((await browser.add(Authenticator(ISSUER), code=made.code)).body) == {"next": "/sign-in"}


async def test_too_many_tries_are_told(browser: Browser) -> None:
    people, device = browser.people, Authenticator(ISSUER)
    await people.sign_in("/security")
    await browser.add(device)
    people.cookie = ""
    found = []
    for _ in range(12):
        options = await browser.ask(LOGIN + "/options", {})
        answer = device.get(options)
        answer["response"]["signature"] = "AAAA"
        found.append((await browser.send(LOGIN, {"response": answer})).status)
    assert found == [403] * 10 + [429] * 2


async def test_the_script_is_ours_and_says_so(browser: Browser) -> None:
    answer = await browser.people.get("/passkey.js")
    assert dict(answer.fields)["Content-Type"].startswith("text/javascript")
    assert b"navigator.credentials" in answer.body


def nested(text: bytes) -> dict[str, Any]:
    """An assertion whose client data are these."""
    octets = base64.urlsafe_b64encode(text).decode().rstrip("=")
    parts = {"clientDataJSON": octets, "authenticatorData": octets, "signature": "AAAA", "userHandle": "AAAA"}
    return {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": parts}


async def test_what_is_nested_without_end_is_refused_and_no_bug(browser: Browser) -> None:
    assert (await browser.send(LOGIN, {"response": nested(b"[" * 2500)})).status == 403
    for depth in (2000, 40_000):
        raw = b'{"response":{"a":' + b"[" * depth + b"]" * depth + b"}}"
        sent = {"content_type": "application/json", "sec_fetch_site": "same-origin"}
        with pytest.raises(BadRequestError) as caught:
            await browser.people.web.app(asked("POST", LOGIN, raw, **sent))
        assert caught.value.status == (400 if depth == 2000 else 413)


def test_no_code_is_printed() -> None:
    assert repr(Registration(name="x", response={}, enrol_code="secret")) == "Registration()"


async def test_one_address_does_not_take_all_the_room_for_challenges(browser: Browser) -> None:
    found = [(await browser.send(LOGIN + "/options", {})).status for _ in range(CHALLENGES + 1)]
    assert found == [200] * CHALLENGES + [429]
    browser.people.world.clock.advance(120)
    assert (await browser.send(LOGIN + "/options", {})).status == 200


async def test_a_key_beside_a_password_that_was_given_opens_the_page_for_another_one_alone(browser: Browser) -> None:
    people, device = browser.people, Authenticator(ISSUER)
    await people.sign_in("/security")
    await browser.add(device)
    await people.world.admin.accounts.set_password("alice@example.test", Secret("given by hand"), ACTOR, GIVEN)
    people.factors.needed = True
    await people.sign_in("/security", password="given by hand")
    assert json.loads((await browser.sign_in(device)).body) == {"next": "/security/password"}
    assert place_of(await people.get("/programs")).startswith("/sign-in")
    people.cookie = ""
    assert json.loads((await browser.sign_in(device, "/programs")).body) == {"next": "/programs"}
