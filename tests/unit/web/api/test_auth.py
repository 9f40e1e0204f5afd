import pytest

from skrytka.mail.identity.api_keys import Limits
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.web.api.auth import COOKIE, PER_SESSION, WRONG_PER_ADDRESS
from tests.unit.web.api.support import Api

QUOTA = {"quota_bytes": 5}


async def key(api: Api, **limits: object) -> str:
    admin = Actor("admin", await api.world.account("admin"), (Grant(AccessRole.SYSTEM_ADMIN),))
    permissions = ("account.read", "account.write", "account.password")
    return (await api.world.admin.api_keys.add(Limits("k", permissions, **limits), 30, admin)).token  # type: ignore[arg-type]


@pytest.mark.parametrize("token", ["", "nonsense", "1." + "0" * 64, "skrytka_1_" + "0" * 26 + "_" + "0" * 64])
async def test_who_is_nobody_gets_nothing(api: Api, token: str) -> None:
    status, said, fields = await api.ask(token, "GET", "/accounts")
    assert (status, said["reason"]) == (401, "bad_credentials")
    assert fields["WWW-Authenticate"].startswith("Bearer")


async def test_a_key_does_what_it_names_and_nothing_dangerous(api: Api) -> None:
    token = await key(api, domain="example.test")
    status, page, _ = await api.ask(token, "GET", "/accounts")
    assert status == 200
    assert {row["address"].rpartition("@")[2] for row in page["items"]} == {"example.test"}
    assert (await api.ask(token, "PUT", "/accounts/alice@example.test/quota", QUOTA))[0] == 200
    assert (await api.ask(token, "PUT", "/accounts/carol@other.test/quota", QUOTA))[0] == 404
    status, said, _ = await api.ask(token, "PUT", "/accounts/bob@example.test/password", {"password": "x" * 20})
    assert (status, said["reason"]) == (403, "step_up_needed")
    assert (await api.ask(token, "GET", "/sessions"))[0] == 403
    assert (await api.ask(token, "GET", "/me"))[1]["name"] == "key k of admin@example.test"


async def test_so_often_and_no_more(api: Api) -> None:
    token, session = await key(api, per_minute=3), await api.token("alice")
    for _ in range(3):
        assert (await api.ask(token, "GET", "/me"))[0] == 200
    status, said, fields = await api.ask(token, "GET", "/me")
    assert (status, said["reason"], fields["Retry-After"]) == (429, "rate_limited", "60")
    for _ in range(PER_SESSION):
        assert (await api.ask(session, "GET", "/me"))[0] == 200
    assert (await api.ask(session, "GET", "/me"))[0] == 429


async def test_who_guesses_tokens_is_stopped_and_nobody_else(api: Api) -> None:
    for _ in range(WRONG_PER_ADDRESS):
        assert (await api.ask("1." + "0" * 64, "GET", "/me"))[0] == 401
    assert (await api.ask("1." + "0" * 64, "GET", "/me"))[0] == 429
    assert (await api.ask(await api.token("alice"), "GET", "/me"))[0] == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"origin": "https://mail.example.test"}, 200),
        ({"origin": "https://mail.example.test:8443"}, 403),  # Host has no port
        ({}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "https://evil.test"}, 403),
    ],
)
async def test_a_cookie_changes_nothing_for_another_site_s_page(api: Api, fields: dict[str, str], status: int) -> None:
    cookie = f"{COOKIE}={await api.token('admin')}"
    asked = await api.ask("", "PUT", "/accounts/alice@example.test/quota", QUOTA, cookie=cookie, **fields)
    assert asked[0] == status
    assert (await api.ask("", "GET", "/accounts", None, cookie=cookie))[0] == 200
