import json

import pytest

from skrytka.model.events import OAuthGranted, OAuthRevoked
from skrytka.model.secret import Secret
from skrytka.protocol.acme.jose import decode
from skrytka.protocol.oauth.token import DEVICE
from skrytka.store.oauth_rows import OAuthDeviceRow
from skrytka.store.sql import oauth as sql
from skrytka.store.statement import Query
from tests.unit.mail.identity.oauth.support import ALL, ISSUER, Case, content, error_of
from tests.unit.mail.world import ACTOR, World


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


async def test_a_code_becomes_tokens(case: Case) -> None:
    tokens = content(await case.redeem(await case.code()))
    assert tokens["token_type"] == "Bearer"
    assert (tokens["expires_in"], tokens["scope"]) == (3600, ALL)
    assert tokens["access_token"].startswith("skr_at_")
    assert tokens["refresh_token"].startswith("skr_rt_")
    claims = json.loads(decode(tokens["id_token"].split(".")[1]))
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["email"]) == (
        ISSUER,
        "mail-program",
        "n-1",
        "alice@example.test",
    )
    (event,) = [event for event in case.world.events.events if isinstance(event, OAuthGranted)]
    assert (event.account_name, event.client, event.grant_type) == (
        "alice@example.test",
        "mail-program",
        "authorization_code",
    )
    stored = repr(await case.world.store.read(sql.grants(await case.world.account("alice"))))
    assert tokens["refresh_token"] not in stored


async def test_without_offline_access_there_is_nothing_to_refresh(case: Case) -> None:
    tokens = content(await case.redeem(await case.code(scope="imap")))
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope"}
    (grant,) = await case.world.store.read(sql.grants(await case.world.account("alice")))
    assert grant.expires_at_ms == case.world.clock.now_ms() + 3600_000


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "x" * 43},
        {"redirect_uri": "http://127.0.0.1:49153/callback"},
        {"client_id": "thunderbird"},
        {"code": "skr_ac_nothing"},
    ],
)
async def test_a_code_is_of_no_use_to_somebody_else(case: Case, changes: dict[str, str]) -> None:
    code = await case.code()
    assert error_of(await case.redeem(code, **changes)) == "invalid_grant"
    content(await case.redeem(code))


async def test_a_code_holds_for_a_minute(case: Case) -> None:
    code = await case.code()
    case.world.clock.advance(60)
    assert error_of(await case.redeem(code)) == "invalid_grant"


async def test_a_code_that_comes_twice_ends_what_the_first_gave(case: Case) -> None:
    code = await case.code()
    tokens = content(await case.redeem(code))
    assert error_of(await case.redeem(code)) == "invalid_grant"
    assert error_of(await case.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert [event.cause for event in case.world.events.events if isinstance(event, OAuthRevoked)] == ["reuse"]


async def test_refresh_tokens_rotate_and_an_old_one_ends_the_family(case: Case) -> None:
    first = await case.tokens()
    case.world.clock.advance(3000)
    second = content(await case.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    third = content(await case.refresh(second["refresh_token"], scope="imap"))
    assert third["scope"] == "imap"
    assert error_of(await case.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(await case.refresh(third["refresh_token"])) == "invalid_grant"
    assert await case.world.store.read(sql.grants(await case.world.account("alice"))) == []


async def test_a_refresh_token_gives_no_more_than_was_granted_and_to_its_client_only(case: Case) -> None:
    tokens = await case.tokens(scope="imap offline_access")
    assert error_of(await case.refresh(tokens["refresh_token"], scope="smtp")) == "invalid_scope"
    assert error_of(await case.refresh(tokens["refresh_token"], client_id="thunderbird")) == "invalid_grant"
    assert error_of(await case.refresh(tokens["refresh_token"][:-1] + "A")) == "invalid_grant"
    content(await case.refresh(tokens["refresh_token"]))


async def test_a_refresh_token_that_is_not_used_ends(case: Case) -> None:
    case.set(refresh_token_days=1)
    tokens = await case.tokens()
    case.world.clock.advance(86_399)
    tokens = content(await case.refresh(tokens["refresh_token"]))
    case.world.clock.advance(86_400)
    assert error_of(await case.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_a_grant_ends_however_often_it_is_used(case: Case) -> None:
    case.set(refresh_token_days=2, grant_days=3)
    tokens = await case.tokens()
    for _ in range(2):
        case.world.clock.advance(86_400)
        tokens = content(await case.refresh(tokens["refresh_token"]))
    case.world.clock.advance(86_400)
    assert error_of(await case.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_a_suspended_account_gets_nothing(case: Case) -> None:
    tokens, code = await case.tokens(), await case.code()
    await case.world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert error_of(await case.redeem(code)) == "invalid_grant"
    assert error_of(await case.refresh(tokens["refresh_token"])) == "invalid_grant"
    await case.world.admin.accounts.resume("alice@example.test", ACTOR)
    content(await case.refresh(tokens["refresh_token"]))


async def begun(case: Case) -> dict[str, str]:
    return content(await case.ask("device_authorization", client_id="mail-program", scope=ALL))


async def poll(case: Case, code: str, client: str = "mail-program") -> str | dict[str, str]:
    answer = await case.ask("token", grant_type=DEVICE, client_id=client, device_code=code)
    return content(answer) if answer.status == 200 else error_of(answer)


async def test_a_device_waits_is_let_in_and_gets_its_tokens_once(case: Case) -> None:
    device = await begun(case)
    assert await poll(case, device["device_code"]) == "authorization_pending"
    assert await poll(case, device["device_code"]) == "slow_down"
    case.world.clock.advance(5)
    assert await poll(case, device["device_code"]) == "authorization_pending"
    person = await case.person()
    waiting = await case.devices.typed(device["user_code"].lower(), person)
    assert waiting is not None
    assert await case.devices.decide(waiting, person, is_allowed=True)
    case.world.clock.advance(5)
    assert await poll(case, device["device_code"], "thunderbird") == "invalid_grant"
    tokens = await poll(case, device["device_code"])
    assert isinstance(tokens, dict)
    assert "id_token" in tokens
    assert await poll(case, device["device_code"]) == "invalid_grant"
    content(await case.refresh(tokens["refresh_token"]))


async def test_a_device_that_asks_twice_at_once_is_told_of_no_end(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    device, person = await begun(case), await case.person()
    waiting = await case.devices.typed(device["user_code"], person)
    assert waiting is not None
    await case.devices.decide(waiting, person, is_allowed=True)
    mac = (await case.deps.keys.mint()).shown_device(Secret(device["device_code"]))
    assert mac is not None
    row = await case.deps.store.read(sql.device(mac))

    def as_it_was(_mac: bytes) -> Query[OAuthDeviceRow | None]:
        yield from ()
        return row

    monkeypatch.setattr(sql, "device", as_it_was)
    await poll(case, device["device_code"])
    case.world.clock.advance(10)
    assert await poll(case, device["device_code"]) == "invalid_grant"
    assert not [event for event in case.world.events.events if isinstance(event, OAuthRevoked)]


async def test_a_device_that_is_refused_or_late_is_told_so_once(case: Case) -> None:
    device, person = await begun(case), await case.person()
    waiting = await case.devices.typed(device["user_code"], person)
    assert waiting is not None
    await case.devices.decide(waiting, person, is_allowed=False)
    assert await poll(case, device["device_code"]) == "access_denied"
    assert await poll(case, device["device_code"]) == "invalid_grant"
    device = await begun(case)
    case.world.clock.advance(600)
    assert await poll(case, device["device_code"]) == "expired_token"


async def test_the_memory_of_who_polls_is_bounded(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skrytka.mail.identity.oauth.issuing.POLLS_MAX", 1)
    one, other = await begun(case), await begun(case)
    assert await poll(case, one["device_code"]) == "authorization_pending"
    assert await poll(case, other["device_code"]) == "authorization_pending"
    assert await poll(case, one["device_code"]) == "authorization_pending"
    assert await poll(case, one["device_code"]) == "slow_down"
