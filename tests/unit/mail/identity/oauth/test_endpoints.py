import json

import pytest

from skrytka.mail.identity.oauth import endpoints
from skrytka.mail.identity.oauth.endpoints import Asking
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import OAuthRefused
from skrytka.store.commands.oauth import RotateOAuthToken
from tests.unit.mail.identity.oauth.support import ISSUER, Case, content, error_of
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import World


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


async def test_only_a_form_is_read(case: Case) -> None:
    for body, kind in ((b"{}", "application/json"), (b"a=1&a=2", "application/x-www-form-urlencoded"), (b"", "")):
        assert error_of(await case.endpoints.token(Asking(body, kind, "", PeerFacts()))) == "invalid_request"


async def test_a_wrong_secret_is_answered_as_it_came_and_told(case: Case) -> None:
    await case.confidential()
    answer = await case.ask("token", authorization="Basic d2ViOng=", grant_type="refresh_token")
    assert error_of(answer) == "invalid_client"
    assert dict(answer.fields)["WWW-Authenticate"].startswith("Basic")
    (event,) = [event for event in case.world.events.events if isinstance(event, OAuthRefused)]
    assert (event.endpoint, event.error, event.client) == ("token", "invalid_client", "")


async def test_who_is_wrong_too_often_is_told_so_and_keeps_nobody_out(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "FAILURES_MAX", 2)
    tokens = await case.tokens()
    asking = Asking(b"", "", "Bearer x", PeerFacts())
    assert (await case.endpoints.userinfo(asking)).status == 401
    assert error_of(await case.refresh("skr_rt_x")) == "invalid_grant"
    answer = await case.refresh("skr_rt_x")
    assert (answer.status, error_of(answer)) == (503, "temporarily_unavailable")
    assert (await case.endpoints.userinfo(asking)).status == 503
    told = [event.endpoint for event in case.world.events.events if isinstance(event, OAuthRefused)]
    assert told == ["userinfo", "token"]
    tokens = content(await case.refresh(tokens["refresh_token"]))  # of somebody else at that address
    case.world.clock.advance(2000)
    assert error_of(await case.refresh("skr_rt_x")) == "invalid_grant"


async def test_a_store_that_is_away_counts_against_nobody(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "FAILURES_MAX", 1)
    tokens = await case.tokens()
    case.world.store.failures[RotateOAuthToken] = [TransientError(Reason.STORE_DOWN) for _ in range(3)]
    for _ in range(3):
        with pytest.raises(TransientError):
            await case.refresh(tokens["refresh_token"])
    content(await case.refresh(tokens["refresh_token"]))


async def test_a_token_comes_in_the_field_only(case: Case) -> None:
    for authorization in ("", "Bearer", "Basic eDp5", "Bearer " + "x" * 1000):
        answer = await case.endpoints.userinfo(Asking(b"access_token=x", "", authorization, PeerFacts()))
        assert answer.status == 401
        assert "error" not in dict(answer.fields)["WWW-Authenticate"]


async def test_a_client_finds_everything_by_itself(case: Case) -> None:
    document = content(case.endpoints.metadata())
    assert document["issuer"] == ISSUER
    keys = json.loads((await case.endpoints.jwks()).body)["keys"]
    assert {key["alg"] for key in keys} == {"ES256"}
