import asyncio
import re

import pytest
from pyotp import TOTP

from skrytka.model.secret import Secret
from tests.unit.mail.world import ACTOR, PASSWORD, World
from tests.unit.web.people.support import People, hidden, place_of

NEW = "vivid marten over nine bridges"


@pytest.fixture
def people(world: World) -> People:
    return People(world)


def seed_in(body: bytes) -> str:
    found = re.search(rb"[A-Z2-7]{32}", body)
    assert found is not None
    return found[0].decode()


async def add_app(people: People, **more: str) -> str:
    """The seed; signed in already."""
    page = await people.get("/security/app")
    assert b"<svg" in page.body
    seed = seed_in(page.body)
    code = TOTP(seed).at(people.world.clock.now_ms() // 1000)
    await people.post("/security/app", {"name": "phone", "code": code, **more})
    return seed


async def test_an_app_is_added_and_listed(people: People) -> None:
    await people.sign_in("/security")
    await add_app(people)
    page = (await people.get("/security")).body.decode()
    assert "phone (totp)" in page
    assert "Recovery codes left: 0" in page


async def test_a_wrong_first_code_is_told_and_the_seed_stays(people: People) -> None:
    await people.sign_in("/security")
    seed = seed_in((await people.get("/security/app")).body)
    answer = await people.post("/security/app", {"name": "phone", "code": "000000"})
    assert (answer.status, seed_in(answer.body)) == (403, seed)
    assert b"The code does not fit" in answer.body
    answer = await people.post(
        "/security/app", {"name": "", "code": TOTP(seed).at(people.world.clock.now_ms() // 1000)}
    )
    assert (answer.status, b"Give it a name" in answer.body) == (422, True)


async def test_recovery_codes_are_shown_once(people: People) -> None:
    await people.sign_in("/security")
    answer = await people.post("/security/codes", {"x": ""})
    assert answer.status == 403  # there is nothing to recover from
    await add_app(people)
    answer = await people.post("/security/codes", {"x": ""})
    assert len(re.findall(rb"<li><code>[a-z0-9-]{29}</code></li>", answer.body)) == 10
    assert b"Recovery codes left: 10" in (await people.get("/security")).body


async def test_a_factor_is_removed_unless_one_is_demanded(people: People) -> None:
    await people.sign_in("/security")
    await add_app(people)
    await people.world.admin.mfa.require("alice@example.test", 30, ACTOR)
    factor = hidden(await people.get("/security"))
    answer = await people.post("/security/remove", factor)
    assert (answer.status, b"This is not possible" in answer.body) == (403, True)
    await people.world.admin.mfa.drop("alice@example.test", ACTOR)
    assert place_of(await people.post("/security/remove", factor)) == "/security"
    assert b"phone" not in (await people.get("/security")).body
    assert place_of(await people.post("/security/remove", {"factor": "x"})) == "/security"


async def test_the_password_is_changed_and_everybody_signs_in_anew(people: People) -> None:
    await people.sign_in("/security")
    answer = await people.post("/security/password", {"old": "correct horse", "new": "short"})
    assert (answer.status, b"15 characters at least" in answer.body) == (422, True)
    assert b'value="short"' not in answer.body
    answer = await people.post("/security/password", {"old": "wrong", "new": NEW})
    assert (answer.status, b"The password of now is wrong" in answer.body) == (403, True)
    answer = await people.post("/security/password", {"old": "correct horse", "new": NEW})
    assert (answer.status, b"The password is changed" in answer.body) == (200, True)
    assert place_of(await people.get("/security")) == "/sign-in?next=/security"
    assert (await people.sign_in()).status == 403
    assert place_of(await people.sign_in("/security", password=NEW)) == "/security"


async def test_a_polish_browser_is_told_in_polish_why(people: People) -> None:
    await people.sign_in("/security")
    answer = await people.post(
        "/security/password", {"old": "correct horse", "new": "haslo"}, accept_language="pl,en;q=0.5"
    )
    assert "Jest za krótkie" in answer.body.decode()
    assert "To jedno z haseł" in answer.body.decode()


async def test_the_code_of_a_reset_sets_a_password(people: People) -> None:
    made = await people.world.admin.factors.reset_password("alice@example.test", ACTOR)
    assert b"Code that the administrator gave you" in (await people.get("/password")).body
    values = {"address": "alice@example.test", "code": made.code, "new": NEW}
    for wrong in (
        values | {"address": "nobody@example.test"},
        values | {"address": "bob@example.test"},
        values | {"address": "none"},
        values | {"code": "abcde-fghij-kmnpq-rstuv-wxyz2"},
    ):
        answer = await people.post("/password", wrong)
        assert (answer.status, b"The code is wrong" in answer.body) == (403, True)
    answer = await people.post("/password", values | {"new": "alicealicealicealice"})
    assert (answer.status, b"made of your name" in answer.body) == (422, True)
    assert place_of(await people.post("/password", values, sec_fetch_site="cross-site")) == "/password"
    assert b"The password is changed" in (await people.post("/password", values)).body
    assert place_of(await people.sign_in("/security", password=NEW)) == "/security"


async def test_who_was_given_a_password_is_asked_for_his_own(people: People) -> None:
    people.factors.is_given = True
    assert place_of(await people.sign_in("/device")) == "/security/password"
    for path in ("/device", "/programs", "/security", "/security/app", "/security/passkey"):
        assert place_of(await people.get(path)).startswith("/sign-in")  # whoever gave it may be the one who is here
    assert (await people.get("/security/password")).status == 200
    answer = await people.post("/security/password", {"old": "correct horse", "new": NEW})
    assert b"The password is changed" in answer.body


async def test_forms_of_other_sites_do_nothing(people: People) -> None:
    await people.sign_in("/security")
    await add_app(people)
    for path, values in (
        ("/security/remove", {"factor": "1"}),
        ("/security/codes", {"x": ""}),
        ("/security/app", {"name": "x", "code": "1"}),
        ("/security/password", {"old": "correct horse", "new": NEW}),
    ):
        answer = await people.post(path, values, sec_fetch_site="cross-site")
        assert place_of(answer) == "/sign-in?next=/security"
    assert b"phone (totp)" in (await people.get("/security")).body


async def test_after_a_reset_only_the_administrators_code_adds_a_factor(people: People) -> None:
    made = await people.world.admin.factors.reset("alice@example.test", ACTOR)
    people.factors.needed = people.factors.is_bare = True
    assert place_of(await people.sign_in()) == "/security"
    assert place_of(await people.get("/security/password")) == "/sign-in?next=/security"  # nothing but that
    await add_app(people, enrol_code="abcde-fghij-kmnpq-rstuv-wxyz2")
    assert b"has no second factor" in (await people.get("/security")).body
    await add_app(people, enrol_code=made.code)
    assert place_of(await people.get("/security")) == "/sign-in?next=/security"  # now he has to show it
    assert PASSWORD.reveal() == Secret("correct horse").reveal()


async def test_a_seed_is_shown_to_the_visit_that_asked_for_it_alone(people: People) -> None:
    """Whoever has a stolen password would else read the seed that its owner is about to scan."""
    await people.sign_in("/security")
    seed = seed_in((await people.get("/security/app")).body)
    people.cookie = ""
    await people.sign_in("/security")
    answer = await people.post("/security/app", {"name": "thief", "code": "000000"})
    assert (seed.encode() in answer.body, place_of(answer)) == (False, "/security")


async def test_too_many_codes_are_answered_alike_for_who_is_nobody(people: People) -> None:
    for name in ("alice", "nobody"):
        values = {"address": f"{name}@example.test", "code": "x", "new": NEW}
        people.world.clock.advance(3600)
        assert [(await people.post("/password", values)).status for _ in range(11)] == [403] * 10 + [429]


async def test_a_first_code_that_is_sent_twice_at_once_adds_one_factor_and_is_no_bug(people: People) -> None:
    await people.sign_in("/security")
    seed = seed_in((await people.get("/security/app")).body)
    wanted = {"name": "phone", "code": TOTP(seed).at(people.world.clock.now_ms() // 1000)}
    answers = await asyncio.gather(*(people.post("/security/app", wanted) for _ in range(3)))
    assert {(answer.status, dict(answer.fields)["Location"]) for answer in answers} == {(303, "/security")}
    assert (await people.get("/security")).body.count(b"phone (totp)") == 1
