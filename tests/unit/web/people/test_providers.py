"""Signing in by a provider of another house, over a real store and a provider that lies as it is told."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from skrytka.mail.identity.openid.links import PROVIDED
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import LoginFailed, LoginSucceeded
from skrytka.model.secret import Secret
from skrytka.net.limits import LimitTable
from skrytka.protocol.http.server import Response
from skrytka.web.http import with_params
from skrytka.web.people.provider_words import WORDS
from skrytka.web.people.providers import BEGUN_A_MINUTE, BEGUN_S, ProviderDeps, Providers
from skrytka.web.people.visits import Visits
from tests.unit.mail.identity.oauth.support import ISSUER
from tests.unit.mail.openid_world import OpenIdWorld, openid_world
from tests.unit.mail.world import ACTOR, World
from tests.unit.web.people.support import People, hidden, place_of
from tests.unit.web.support import asked

BACK = "/sign-in/with/corp/callback"
ALICE = "alice@example.org"
PASSWORD = Secret("correct horse")


class Provided(People):
    """One browser at ours and at the provider."""

    def __init__(self, there: OpenIdWorld, *others: dict[str, Any], **settings: Any) -> None:
        self.there = there
        self.providers = [there.with_settings(**settings), *(there.with_settings(**other) for other in others)]
        world = there.world
        super().__init__(world, ProviderDeps(providers=self.providers, accounts=world.admin.provided, origin=ISSUER))

    async def begin(self, place: str = "/sign-in/with/corp?next=%2Fdevice") -> str:
        """What the provider's answer would ask of us."""
        return f"{BACK}?{self.there.fake.browser(place_of(await self.get(place)))}"

    async def come(self, place: str = "/sign-in/with/corp?next=%2Fdevice") -> Response:
        return await self.get(await self.begin(place))

    async def link(self) -> str:
        """Where the list leads whoever wants to link his account."""
        (place,) = re.findall(
            r'href="(/security/providers/corp[^"]*)"', (await self.get("/security/providers")).body.decode()
        )
        return str(place)

    def failures(self) -> list[str]:
        return [event.reason for event in self.world.events.events if isinstance(event, LoginFailed)]


@pytest.fixture
async def there(world: World) -> AsyncIterator[OpenIdWorld]:
    async with openid_world(world) as made:
        yield made


@pytest.fixture
def people(there: OpenIdWorld) -> Provided:
    return Provided(there)


def said(response: Response, key: str) -> bool:
    from skrytka.web.people.markup import escape

    return escape(WORDS["en"][key]) in response.body.decode()


async def test_somebody_signs_in_and_goes_on_to_where_he_wanted(people: Provided) -> None:
    assert "Sign in with Corp" in (await people.get("/sign-in?next=%2Fdevice")).body.decode()
    assert place_of(await people.come()) == "/device"
    assert b"user_code" in (await people.get("/device")).body
    (event,) = [event for event in people.world.events.events if isinstance(event, LoginSucceeded)]
    assert (event.account_name, event.mechanism, event.means) == (ALICE, "OIDC", "provider")


async def test_an_answer_counts_once(people: Provided) -> None:
    answer = await people.begin()
    assert place_of(await people.get(answer)) == "/device"
    again = await people.get(answer)
    assert (again.status, said(again, "too_old")) == (403, True)


async def test_an_answer_counts_in_the_browser_that_asked(people: Provided, there: OpenIdWorld) -> None:
    answer = await people.begin()
    people.kept.clear()
    assert (await people.get(answer)).status == 403
    other = Provided(there)
    await other.begin()
    assert (await other.get(answer)).status == 403  # another question is waiting there
    assert place_of(await other.get("/device")).startswith("/sign-in?")


async def test_an_answer_comes_in_time(people: Provided) -> None:
    answer = await people.begin()
    people.world.clock.advance(BEGUN_S)
    assert said(await people.get(answer), "too_old")


async def test_an_answer_is_of_the_provider_that_was_asked(there: OpenIdWorld) -> None:
    people = Provided(there, {"name": "other", "issuer": "https://other.test"})
    answer = (await people.begin()).replace("/with/corp/", "/with/other/")
    assert (await people.get(answer)).status == 403


@pytest.mark.parametrize(
    ("fields", "claims", "key"),
    [
        ({"state": "other"}, {}, "wrong"),
        ({"iss": "https://other.test"}, {}, "wrong"),
        ({"error": "access_denied"}, {}, "denied"),
        ({}, {"nonce": "other"}, "wrong"),
        ({}, {"aud": "other"}, "wrong"),
        ({}, {"email": "bob@example.test"}, "nobody"),  # who is there, and not of a domain of the provider
        ({}, {"email_verified": False}, "nobody"),
        ({}, {"email": "postmaster@example.org"}, "nobody"),
    ],
)
async def test_what_is_not_right_opens_nothing(
    people: Provided, fields: dict[str, str], claims: dict[str, Any], key: str
) -> None:
    people.there.fake.answer_fields, people.there.fake.claims = fields, claims
    answer = await people.come()
    assert (answer.status, said(answer, key)) == (403, True)
    assert place_of(await people.get("/device")).startswith("/sign-in?")
    assert len(people.failures()) == 1
    assert people.failures()[0].startswith("corp: ")


async def test_the_address_of_somebody_else_opens_nothing(people: Provided) -> None:
    await people.world.admin.accounts.add(ALICE, PASSWORD, ACTOR)
    answer = await people.come()
    assert (answer.status, said(answer, "taken")) == (403, True)
    assert place_of(await people.get("/device")).startswith("/sign-in?")


async def test_a_provider_that_is_down_hinders_nobody_with_a_password(
    people: Provided, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_args: object, **_values: object) -> None:
        raise TransientError(Reason.UNREACHABLE, "down")

    answer = await people.begin()
    monkeypatch.setattr("skrytka.net.https.Https.ask", down)
    for place in ("/sign-in/with/corp", answer):
        people.there.world.clock.advance(4000)
        told = await people.get(place)
        assert told.status in {403, 503}
    people.world.clock.advance(4000)
    told = await people.get("/sign-in/with/corp")
    assert (told.status, said(told, "down")) == (503, True)
    assert (await people.get("/sign-in")).status == 200
    assert place_of(await people.sign_in("/device")) == "/device"


async def test_nobody_is_sent_from_another_site_or_too_often(people: Provided) -> None:
    place = "/sign-in/with/corp?next=%2Fdevice"
    assert place_of(await people.get(place, sec_fetch_site="cross-site")) == "/sign-in?next=%2Fdevice"
    assert place_of(await people.get("/sign-in/with/nobody")) == "/sign-in?next="
    for _ in range(BEGUN_A_MINUTE):
        assert (await people.get(place)).status == 303
    assert (await people.get(place)).status == 429


async def test_what_nobody_came_back_for_is_forgotten(people: Provided) -> None:
    visits = Visits(people.identity, people.world.clock, people.world.random)
    providers = Providers(people.deps.providers, people.own, people.factors, visits, LimitTable(people.world.clock))
    begin = providers.pages()[0]

    async def sent(after: str) -> None:
        request = with_params(asked("GET", f"/sign-in/with/corp?next={after}"), {"name": "corp"})
        assert (await begin.handler(request)).status == 303

    for _ in range(3):
        await sent("x" * 8000)
    assert [begun.after for begun in providers._begun.values()] == ["/"] * 3
    people.world.clock.advance(BEGUN_S)
    await sent("/device")
    assert [begun.after for begun in providers._begun.values()] == ["/device"]


async def test_nobody_is_sent_elsewhere_after_it(people: Provided) -> None:
    assert place_of(await people.come("/sign-in/with/corp?next=https%3A%2F%2Fevil.example%2F")) == "/"


async def test_a_second_factor_of_ours_is_asked_for(people: Provided) -> None:
    people.factors.needed = True
    people.there.fake.claims = {"amr": ["mfa"]}
    assert place_of(await people.come()) == "/sign-in/code?next=%2Fdevice"
    assert place_of(await people.get("/device")).startswith("/sign-in?")
    people.factors.is_given = True  # a password that he was given, and has not shown
    assert place_of(await people.post("/sign-in/code", {"code": "123456", "next": "/device"})) == "/device"


async def test_who_has_to_enrol_one_does_that_first(people: Provided) -> None:
    people.factors.needed = people.factors.is_bare = True
    assert place_of(await people.come()) == "/security"


async def test_a_second_factor_there_is_enough_where_a_setting_says_so(there: OpenIdWorld) -> None:
    people = Provided(there, mfa_amr=("mfa",))
    people.factors.needed = True
    there.fake.claims = {"amr": ["pwd", "mfa"]}
    assert place_of(await people.come()) == "/device"


async def test_a_visit_ends_with_the_account_and_with_the_link(people: Provided) -> None:
    await people.come()
    await people.world.admin.accounts.suspend(ALICE, ACTOR)
    assert place_of(await people.get("/device")).startswith("/sign-in?")
    answer = await people.come()
    assert (answer.status, said(answer, "nobody")) == (403, True)
    await people.world.admin.accounts.resume(ALICE, ACTOR)
    await people.come()
    assert (await people.get("/device")).status == 200
    await people.world.admin.provided.unlink(ALICE, people.there.fake.issuer, ACTOR)
    assert place_of(await people.get("/device")).startswith("/sign-in?")


async def local(people: Provided) -> None:
    """alice has a password here, and has signed in with it."""
    await people.world.admin.accounts.add(ALICE, PASSWORD, ACTOR)
    await people.post("/sign-in", {"next": "/security", "address": ALICE, "password": "correct horse"})


async def test_an_owner_links_and_unlinks_his_account(people: Provided) -> None:
    await local(people)
    assert place_of(await people.come(await people.link())) == "/security/providers"
    listed = await people.get("/security/providers")
    assert hidden(listed) == {"name": "corp"}
    people.kept.clear()
    assert place_of(await people.come()) == "/device"
    assert place_of(await people.post("/security/providers", {"name": "corp"})) == "/security/providers"
    people.kept.clear()
    assert said(await people.come(), "taken")


@pytest.mark.parametrize(
    ("claims", "key"),
    [({"email": "bob@example.org"}, "another_address"), ({"email_verified": False}, "another_address")],
)
async def test_nothing_of_somebody_else_is_linked(people: Provided, claims: dict[str, Any], key: str) -> None:
    await local(people)
    people.there.fake.claims = claims
    answer = await people.come(await people.link())
    assert (answer.status, said(answer, key)) == (403, True)
    assert await people.world.admin.provided.links(ALICE) == []


async def test_linking_wants_who_is_signed_in_now(people: Provided) -> None:
    assert place_of(await people.get("/security/providers/corp")).startswith("/sign-in?")
    assert place_of(await people.get("/security/providers")).startswith("/sign-in?")
    assert place_of(await people.post("/security/providers", {"name": "corp"})).startswith("/sign-in?")
    await local(people)
    link = await people.link()
    cross = await people.get(link, sec_fetch_site="cross-site")
    assert place_of(cross).startswith("/sign-in?")
    answer = await people.begin(link)
    people.world.clock.advance(301)  # not fresh any more
    assert said(await people.get(answer), "too_old")
    assert await people.world.admin.provided.links(ALICE) == []


async def test_nobody_is_sent_behind_a_sign_in_to_link_his_account(people: Provided) -> None:
    """Somebody who is he at the provider, and not here, would be in."""
    await people.world.admin.accounts.add(ALICE, PASSWORD, ACTOR)
    after = "/security/providers/corp"
    signed_in = await people.post("/sign-in", {"next": after, "address": ALICE, "password": "correct horse"})
    for place in (place_of(signed_in), f"{after}?asked=", f"{after}?asked=%C5%9B", f"{after}?asked={'0' * 32}"):
        assert place_of(await people.get(place, sec_fetch_site="same-origin")) == "/security/providers"
    of_another_visit = await people.link()
    await people.post("/sign-in", {"next": "/security", "address": ALICE, "password": "correct horse"})
    assert place_of(await people.get(of_another_visit)) == "/security/providers"


async def test_what_opens_an_account_alone_stays(people: Provided) -> None:
    await people.come()
    answer = await people.post("/security/providers", {"name": "corp"})
    assert (answer.status, said(answer, "not_permitted")) == (403, True)
    assert hidden(await people.get("/security/providers")) == {}


async def test_whoever_has_no_password_here_is_told_so(people: Provided) -> None:
    await people.come()
    answer = await people.post("/security/password", {"old": "x", "new": "vivid marten over nine bridges"})
    assert (answer.status, b"not kept here" in answer.body) == (403, True)


async def test_an_account_that_waits_is_opened(people: Provided) -> None:
    await people.world.admin.accounts.add_outside(ALICE, PROVIDED + people.there.fake.issuer, ACTOR)
    assert place_of(await people.come()) == "/device"
