import base64
import json

import pytest

from skrytka.mail.identity.oauth.endpoints import Asking
from skrytka.model.events import OAuthRevoked
from tests.unit.mail.identity.oauth.support import ALL, ISSUER, Case, content, error_of
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, World


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


async def introspect(case: Case, token: str, secret: str) -> dict[str, object]:
    authorization = "Basic " + base64.b64encode(f"web:{secret}".encode()).decode()
    return content(await case.ask("introspect", authorization=authorization, token=token))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_either_token_ends_the_grant(case: Case, kind: str) -> None:
    secret, tokens = (await case.confidential()).text, await case.tokens()
    assert (await introspect(case, tokens["access_token"], secret))["active"]
    answer = await case.ask("revoke", client_id="mail-program", token=tokens[kind])
    assert (answer.status, answer.body) == (200, b"")
    assert await introspect(case, tokens["access_token"], secret) == {"active": False}
    assert error_of(await case.refresh(tokens["refresh_token"])) == "invalid_grant"
    (event,) = [event for event in case.world.events.events if isinstance(event, OAuthRevoked)]
    assert (event.account_name, event.cause, event.grants) == ("alice@example.test", "client", 1)
    assert (await case.ask("revoke", client_id="mail-program", token=tokens[kind])).status == 200


async def test_what_is_no_token_or_anothers_is_not_ended(case: Case) -> None:
    tokens = await case.tokens()
    assert (await case.ask("revoke", client_id="mail-program", token="x")).status == 200
    refused = await case.ask("revoke", client_id="thunderbird", token=tokens["refresh_token"])
    assert error_of(refused) == "unauthorized_client"
    content(await case.refresh(tokens["refresh_token"]))


async def test_a_client_with_a_secret_is_told_what_a_token_is_good_for(case: Case) -> None:
    secret, tokens = (await case.confidential()).text, await case.tokens()
    told = await introspect(case, tokens["access_token"], secret)
    assert (told["iss"], told["client_id"], told["scope"], told["username"]) == (
        ISSUER,
        "mail-program",
        ALL,
        "alice@example.test",
    )
    assert told["exp"] == case.world.clock.now_ms() // 1000 + 3600
    assert await introspect(case, tokens["refresh_token"], secret) == {"active": False}
    refused = await case.ask("introspect", client_id="mail-program", token=tokens["access_token"])
    assert error_of(refused) == "invalid_client"
    case.world.clock.advance(3600)
    assert await introspect(case, tokens["access_token"], secret) == {"active": False}


async def userinfo(case: Case, token: str) -> tuple[int, dict[str, object], str]:
    answer = await case.endpoints.userinfo(Asking(b"", "", f"Bearer {token}", PeerFacts()))
    challenge = dict(answer.fields).get("WWW-Authenticate", "")
    return answer.status, json.loads(answer.body) if answer.body else {}, challenge


async def test_a_token_tells_who_its_owner_is(case: Case) -> None:
    tokens = await case.tokens()
    status, told, _ = await userinfo(case, tokens["access_token"])
    assert (status, told["email"]) == (200, "alice@example.test")
    status, _, challenge = await userinfo(case, (await case.tokens(scope="imap"))["access_token"])
    assert status == 403
    assert 'error="insufficient_scope"' in challenge
    await case.world.admin.accounts.suspend("alice@example.test", ACTOR)
    status, _, challenge = await userinfo(case, tokens["access_token"])
    assert status == 401
    assert 'error="invalid_token"' in challenge
