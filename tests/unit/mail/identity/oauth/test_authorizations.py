import pytest

from skrytka.mail.identity.oauth.authorizations import SentBackError
from skrytka.protocol.oauth.errors import OAuthError
from skrytka.protocol.oauth.scopes import Scope
from tests.unit.mail.identity.oauth.support import ISSUER, PLACE, VERIFIER, Case, answered, content, fields
from tests.unit.mail.world import World


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://127.0.0.1:1/other"},
        {"client_id": "thunderbird"},
    ],
)
async def test_nothing_is_sent_to_a_place_that_is_not_the_programs(case: Case, changes: dict[str, str]) -> None:
    with pytest.raises(OAuthError):
        await case.authorizations.asked(fields(**changes))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "imap root"}, "invalid_scope"),
    ],
)
async def test_what_else_is_wrong_is_told_to_the_program(case: Case, changes: dict[str, str], error: str) -> None:
    with pytest.raises(SentBackError) as caught:
        await case.authorizations.asked(fields(**changes))
    assert caught.value.location.startswith(PLACE + "?")
    told = answered(caught.value.location)
    assert (told["error"], told["state"], told["iss"]) == (error, "xyz", ISSUER)


async def test_a_yes_gives_a_code_and_a_no_does_not(case: Case) -> None:
    asked = await case.authorizations.asked(fields(scope="imap"))
    assert (asked.client.name, asked.scopes) == ("Mail program", (Scope.IMAP,))
    told = answered(await case.authorizations.allow(asked, await case.person()))
    assert set(told) == {"code", "state", "iss"}
    told = answered(case.authorizations.deny(asked))
    assert (told["error"], told["state"]) == ("access_denied", "xyz")


async def test_no_scope_is_all_that_the_client_may_have(case: Case) -> None:
    assert (await case.authorizations.asked(fields(scope=""))).scopes == tuple(Scope)


async def test_who_signed_in_long_ago_signs_in_again(case: Case) -> None:
    person = await case.person()
    case.world.clock.advance(100)
    for changes, expected in (({}, False), ({"max_age": "200"}, False), ({"max_age": "60"}, True)):
        asked = await case.authorizations.asked(fields(**changes))
        assert case.authorizations.must_sign_in(asked, person) is expected
        assert case.authorizations.must_sign_in(asked, None)
    assert case.authorizations.must_sign_in(await case.authorizations.asked(fields(prompt="login")), person)


async def test_a_program_may_ask_that_nothing_is_shown(case: Case) -> None:
    asked = await case.authorizations.asked(fields(prompt="none"))
    with pytest.raises(SentBackError) as caught:
        case.authorizations.must_sign_in(asked, None)
    assert answered(caught.value.location)["error"] == "login_required"
    with pytest.raises(SentBackError) as caught:
        await case.authorizations.must_ask(asked, await case.person())
    assert answered(caught.value.location)["error"] == "consent_required"


async def test_only_a_program_with_a_secret_is_let_in_again_without_a_question(case: Case) -> None:
    secret, person = await case.confidential(), await case.person()
    place = {"client_id": "web", "redirect_uri": "https://web.example.org/cb"}
    asked = await case.authorizations.asked(fields(**place))
    assert await case.authorizations.must_ask(asked, person)
    code = answered(await case.authorizations.allow(asked, person))["code"]
    content(
        await case.ask(
            "token",
            grant_type="authorization_code",
            code=code,
            code_verifier=VERIFIER,
            client_secret=secret.text,
            **place,
        )
    )
    assert not await case.authorizations.must_ask(asked, person)
    assert await case.authorizations.must_ask(
        await case.authorizations.asked(fields(prompt="consent", **place)), person
    )
    assert await case.authorizations.must_ask(asked, await case.person("bob"))
    await case.tokens()
    assert await case.authorizations.must_ask(await case.authorizations.asked(fields()), person)
