"""OWASP ASVS 5 V7: sessions begin, are proved again, and end."""

from pathlib import Path

import pytest

from skrytka.model.actor import AccessRole
from skrytka.web.api.auth import COOKIE
from skrytka.web.api.login import LoginArgs, ProofArgs, SessionState
from tests.unit.mail.identity.test_four_eyes import add_factor
from tests.unit.mail.world import PASSWORD, World
from tests.unit.web.api.support import Api

WORD = PASSWORD.reveal().decode()


async def test_a_user_without_a_factor_logs_in_and_out(api: Api) -> None:
    status, said, fields = await api.log_in("alice")
    assert status == 201
    assert said["me"]["permissions"] == {"*": ["own", "ping"]}
    cookie = fields["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Strict")
    shown = cookie.partition(";")[0]
    assert "token" not in said
    assert (await api.ask("", "GET", "/session", None, cookie=shown))[0] == 200
    left = await api.ask("", "DELETE", "/session", None, cookie=shown, sec_fetch_site="same-origin")
    assert (left[0], "Max-Age=0" in left[2]["Set-Cookie"]) == (204, True)
    assert (await api.ask("", "GET", "/session", None, cookie=shown))[0] == 401


async def test_a_program_gets_its_token_in_the_answer(api: Api) -> None:
    status, said, fields = await api.log_in("alice", use="bearer")
    assert status == 201
    assert "Set-Cookie" not in fields
    assert (await api.ask(said["token"], "GET", "/sessions"))[1]["items"][0]["remote"] == "127.0.0.1"


async def test_who_has_a_factor_shows_it(api: Api) -> None:
    api.factors.having.add("admin@example.test")
    status, said, _ = await api.log_in("admin")
    assert (status, said["reason"]) == (401, "factor_needed")
    status, said, _ = await api.log_in("admin", code="000000")
    assert (status, said["reason"]) == (401, "bad_credentials")
    status, said, _ = await api.log_in("admin", code="123456")
    assert (status, said["me"]["roles"][1]["role"]) == (201, "system_admin")
    api.factors.is_busy = True
    assert (await api.log_in("admin", code="123456"))[0] == 429


async def test_whatever_is_wrong_is_answered_alike(api: Api) -> None:
    answers = [await api.log_in("alice", "wrong"), await api.log_in("nobody"), await api.log_in("nobody", "wrong")]
    assert {status for status, _, _ in answers} == {401}
    assert len({said["detail"] for _, said, _ in answers}) == 1


@pytest.mark.parametrize("role", [AccessRole.DOMAIN_ADMIN, AccessRole.AUDITOR])
async def test_who_has_a_role_and_no_factor_may_only_enrol(api: Api, role: AccessRole) -> None:
    await api.give("alice", role, "example.test")
    status, said, _ = await api.log_in("alice", use="bearer")
    assert (status, said["is_enrolling"]) == (201, True)
    assert "me" not in said
    for method, path in (("GET", "/accounts"), ("GET", "/me"), ("GET", "/sessions")):
        assert (await api.ask(said["token"], method, path))[0] == 403
    assert (await api.ask(said["token"], "POST", "/session/proof", {"password": WORD}))[0] == 401
    assert (await api.ask(said["token"], "DELETE", "/session"))[0] == 204


async def test_a_password_that_somebody_else_gave_is_changed_first(api: Api) -> None:
    api.factors.having.add("admin@example.test")
    api.factors.is_given = True
    status, said, _ = await api.log_in("admin", code="123456")
    assert (status, said["is_enrolling"]) == (201, True)


async def test_in_a_demo_nobody_is_made_to_enrol(api: Api) -> None:
    demo = Api(api.world, is_demo=True)
    status, said, _ = await demo.log_in("admin")
    assert (status, "is_enrolling" in said) == (201, False)


async def test_a_proof_makes_dangerous_things_possible_and_the_secret_new(api: Api) -> None:
    api.factors.having.add("admin@example.test")
    old = await api.token("admin", is_proved=False)
    path, body = "/accounts/alice@example.test/password", {"password": "a much longer one"}
    await add_factor(api.world, await api.world.account("alice"))
    assert (await api.ask(old, "PUT", path, body))[1]["reason"] == "step_up_needed"
    for wrong in ({"password": "wrong"}, {"password": WORD}, {"password": WORD, "code": "000000"}):
        assert (await api.ask(old, "POST", "/session/proof", wrong))[0] == 401
    status, said, _ = await api.ask(old, "POST", "/session/proof", {"password": WORD, "code": "123456"})
    assert status == 200
    assert (await api.ask(old, "GET", "/me"))[0] == 401
    assert (await api.ask(said["token"], "PUT", path, body))[0] == 200
    api.world.clock.advance(301)
    assert (await api.ask(said["token"], "PUT", path, body))[1]["reason"] == "step_up_needed"


async def test_who_lost_his_factor_proves_nothing(api: Api) -> None:
    token = await api.token("admin", is_proved=False)
    assert (await api.ask(token, "POST", "/session/proof", {"password": WORD}))[0] == 403


async def test_a_key_has_no_session(api: Api) -> None:
    from tests.unit.web.api.test_auth import key

    assert (await api.ask(await key(api), "GET", "/session"))[0] == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [({"address": "x"}, 422), ({"address": "x", "password": "y", "is_admin": True}, 422), (None, 415)],
)
async def test_what_is_no_login_is_none(api: Api, body: object, status: int) -> None:
    assert (await api.ask("", "POST", "/session", body))[0] == status


async def test_another_site_s_page_logs_nobody_in(api: Api) -> None:
    body = {"address": "alice@example.test", "password": WORD}
    assert (await api.ask("", "POST", "/session", body, sec_fetch_site="cross-site"))[0] == 403


def test_no_password_is_printed() -> None:
    assert "secret" not in repr(LoginArgs(address="a", password="secret")) + repr(ProofArgs(password="secret"))


async def test_logins_are_told(api: Api, tmp_path: Path) -> None:
    await api.log_in("alice")
    world: World = api.world
    assert [type(event).__name__ for event in world.events.events] == ["LoginSucceeded"]


async def test_a_session_that_a_password_alone_began_has_no_role_that_is_given_later(api: Api) -> None:
    """Administrators show a factor: who logged in before he was one has not, and whoever had his password neither."""
    _, said, _ = await api.log_in("alice", use="bearer")
    await api.give("alice", AccessRole.SYSTEM_ADMIN)
    for _ in range(2):
        assert (await api.ask(said["token"], "GET", "/settings"))[0] == 403
        assert (await api.ask(said["token"], "GET", "/me"))[1]["roles"] == [{"role": "user", "domain": None}]
        await api.ask(said["token"], "POST", "/session/proof", {"password": WORD})


def test_no_token_is_printed() -> None:
    assert "secret" not in repr(SessionState(address="a", expires_at_ms=0, token="secret"))


async def test_who_logs_in_anew_ends_the_session_that_his_browser_had(api: Api) -> None:
    before = (await api.log_in("alice"))[2]["Set-Cookie"].partition(";")[0]
    body = {"address": "bob@example.test", "password": WORD}
    wrong = await api.ask("", "POST", "/session", body | {"password": "wrong"}, cookie=before)
    assert (wrong[0], (await api.ask("", "GET", "/session", None, cookie=before))[0]) == (401, 200)
    assert (await api.ask("", "POST", "/session", body, cookie=before))[0] == 201
    assert (await api.ask("", "GET", "/session", None, cookie=before))[0] == 401
