from typing import Any

import pytest
from joserfc import jwk

from skrytka.mail.identity.openid.provider import ProviderPerson, secret_of
from skrytka.model.errors import RemoteProtocolError
from skrytka.net.openid import FLOOR_S
from skrytka.protocol.openid.exchange import AnswerError
from skrytka.protocol.openid.id_token import TokenError
from tests.support.openid import ec_key, public
from tests.unit.mail.openid_world import BACK, OpenIdWorld


async def test_somebody_is_identified(people: OpenIdWorld) -> None:
    people.fake.claims = {"groups": ["mail-help", "others"]}
    person = await people.come()
    assert (person.issuer, person.subject) == (people.fake.issuer, "subject-1")
    assert person.address is not None
    assert person.address.key == "alice@example.org"
    assert person.groups == ("mail-help", "others")
    assert not person.has_mfa
    assert repr(person) == "ProviderPerson()"


async def address(people: OpenIdWorld, claims: dict[str, Any], **settings: Any) -> str | None:
    people.fake.claims = claims
    person: ProviderPerson = await people.come(people.with_settings(**settings))
    return None if person.address is None else person.address.key


@pytest.mark.parametrize(
    ("claims", "settings", "expected"),
    [
        ({}, {}, "alice@example.org"),
        ({"email": "Alice@EXAMPLE.org", "email_verified": "true"}, {}, "alice@example.org"),
        ({"email_verified": False}, {}, None),
        ({"email_verified": "false"}, {}, None),
        ({"email_verified": 1}, {}, None),
        ({"email_verified": None}, {}, None),  # it does not say
        ({"email_verified": None}, {"is_address_trusted": True}, "alice@example.org"),
        ({"email_verified": False}, {"is_address_trusted": True}, None),  # it says no
        ({"email": "alice@example.test"}, {}, None),  # of a domain that it may not speak for
        ({"email": "alice@sub.example.org"}, {}, None),
        ({"email": "no address"}, {}, None),
        ({"email": ["alice@example.org"]}, {}, None),
        ({"email": None}, {}, None),
        ({"upn": "bob@example.org"}, {"address_claim": "upn"}, None),
        ({"upn": "bob@example.org"}, {"address_claim": "upn", "is_address_trusted": True}, "bob@example.org"),
    ],
)
async def test_an_address_counts_where_it_may(
    people: OpenIdWorld, claims: dict[str, Any], settings: dict[str, Any], expected: str | None
) -> None:
    assert await address(people, claims, **settings) == expected


async def test_what_the_token_lacks_is_asked_for(people: OpenIdWorld) -> None:
    people.fake.userinfo = {"sub": "subject-1", "email": "bob@example.org", "email_verified": True, "iss": "x"}
    people.fake.claims = {"email": None, "email_verified": None}
    person = await people.come()
    assert person.address is not None
    assert person.address.key == "bob@example.org"
    people.fake.userinfo["sub"] = "subject-2"
    with pytest.raises(RemoteProtocolError, match="somebody else"):
        await people.come()


async def test_whether_it_is_verified_is_said_beside_the_address(people: OpenIdWorld) -> None:
    people.fake.userinfo = {"sub": "subject-1", "email": "bob@example.org", "email_verified": False}
    people.fake.claims = {"email": None, "email_verified": True}
    assert (await people.come()).address is None


async def test_groups_that_the_token_lacks_are_asked_for_where_they_give_roles(people: OpenIdWorld) -> None:
    people.fake.userinfo = {"sub": "subject-1", "email": "bob@example.org", "groups": ["mail-help"]}
    person = await people.come()
    assert person.address is not None
    assert (person.address.key, person.groups) == ("alice@example.org", ("mail-help",))
    assert (await people.come(people.with_settings(roles=()))).groups == ()


@pytest.mark.parametrize(
    ("claims", "settings", "expected"),
    [
        ({"amr": ["pwd", "mfa"]}, {}, False),  # nobody has said that it counts
        ({"amr": ["pwd", "mfa"]}, {"mfa_amr": ("mfa", "hwk")}, True),
        ({"amr": ["pwd"]}, {"mfa_amr": ("mfa",)}, False),
        ({"acr": "gold"}, {"mfa_acr": ("gold",)}, True),
        ({"acr": "silver"}, {"mfa_acr": ("gold",)}, False),
        ({}, {"mfa_acr": ("gold",), "mfa_amr": ("mfa",)}, False),
    ],
)
async def test_a_second_factor_there_counts_where_a_setting_says_so(
    people: OpenIdWorld, claims: dict[str, Any], settings: dict[str, Any], expected: bool
) -> None:
    people.fake.claims = claims
    assert (await people.come(people.with_settings(**settings))).has_mfa is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [(None, ()), ("one", ("one",)), ([], ()), ([1], None), ({"a": 1}, None), (["x"] * 10_001, None)],
)
async def test_groups_are_names(people: OpenIdWorld, found: Any, expected: tuple[str, ...] | None) -> None:
    people.fake.claims = {"groups": found}
    if expected is None:
        with pytest.raises(RemoteProtocolError):
            await people.come()
    else:
        assert (await people.come()).groups == expected


async def test_a_new_key_is_fetched_once_and_a_made_up_one_is_refused(people: OpenIdWorld) -> None:
    await people.come()
    people.fake.key = ec_key("k2")
    people.fake.keys = [public(ec_key("k2"))]
    with pytest.raises(TokenError, match="none of the provider's keys"):  # the known ones are younger than a minute
        await people.come()
    people.world.clock.advance(FLOOR_S)
    people.fake.now_s += int(FLOOR_S)
    assert (await people.come()).subject == "subject-1"
    people.fake.key = jwk.ECKey.generate_key("P-256", {"kid": "k9"})
    asked = people.fake.asked.count("GET /realm/keys")
    for _ in range(3):
        with pytest.raises(TokenError):
            await people.come()
    assert people.fake.asked.count("GET /realm/keys") == asked


@pytest.mark.parametrize(
    ("fields", "claims"),
    [
        ({"state": "another"}, {}),
        ({"iss": "https://other.test"}, {}),
        ({"iss": ""}, {}),
        ({"code": "another"}, {}),
        ({}, {"nonce": "another"}),
        ({}, {"iss": "https://other.test"}),
        ({}, {"aud": "somebody"}),
    ],
)
async def test_an_answer_of_another_sign_in_or_provider_is_none(
    people: OpenIdWorld, fields: dict[str, str], claims: dict[str, Any]
) -> None:
    people.fake.answer_fields, people.fake.claims = fields, claims
    with pytest.raises(RemoteProtocolError):
        await people.come()


async def test_an_answer_to_one_question_is_none_to_another(people: OpenIdWorld) -> None:
    provider = people.provider
    first, second = provider.question(BACK), provider.question(BACK)
    assert len({first.state, first.nonce, first.verifier, second.state, second.nonce, second.verifier}) == 6
    people.fake.browser(await provider.place(first))
    with pytest.raises(AnswerError):
        await provider.answer({"code": "the-code", "state": first.state, "iss": people.fake.issuer}, second)
    with pytest.raises(RemoteProtocolError):  # the right state, and the code of the first one: PKCE
        await provider.answer({"code": "the-code", "state": second.state, "iss": people.fake.issuer}, second)


async def test_where_somebody_signs_out_there(people: OpenIdWorld) -> None:
    assert await people.provider.end_place() == f"{people.fake.issuer}/end"


def test_a_secret_is_the_first_line() -> None:
    assert secret_of(b"one\r\ntwo\n").reveal() == b"one"
    assert secret_of(b"").reveal() == b""
