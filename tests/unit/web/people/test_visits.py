import msgspec
import pytest

from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.web.people import visits
from skrytka.web.people.visits import COOKIE, VISITS_OF_ONE, Visits
from tests.unit.mail.world import ACTOR, World
from tests.unit.web.people.support import People
from tests.unit.web.support import PEER, asked


@pytest.fixture
def people(world: World) -> People:
    return People(world)


async def begin(people: People, made: Visits, *, is_complete: bool = True) -> str:
    login = await people.identity.login("alice@example.test", Secret("correct horse"), PEER, "WEB")
    cookie = made.begin(login, is_complete=is_complete)
    assert cookie.startswith(f"{COOKIE}=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    return cookie.partition(";")[0]


async def test_a_visit_is_found_by_its_cookie_as_far_as_it_has_come(people: People) -> None:
    made = Visits(people.identity, people.world.clock, people.world.random)
    half = await begin(people, made, is_complete=False)
    whole = await begin(people, made)
    assert await made.of(asked("GET", "/", cookie=half)) is None
    assert await made.of(asked("GET", "/", cookie=half), is_complete=False) is not None
    visit = await made.of(asked("GET", "/", cookie=f"a=b; {whole}"))
    assert visit is not None
    assert visit.person.address == "alice@example.test"
    assert await made.of(asked("GET", "/")) is None
    made.end(asked("GET", "/", cookie=whole))
    assert await made.of(asked("GET", "/", cookie=whole)) is None


async def test_a_visit_ends_with_its_time_and_with_the_password(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Visits(people.identity, people.world.clock, people.world.random)
    cookie = await begin(people, made)
    people.world.clock.advance(899)
    assert await made.of(asked("GET", "/", cookie=cookie)) is not None
    people.world.clock.advance(1)
    assert await made.of(asked("GET", "/", cookie=cookie)) is None
    cookie = await begin(people, made)
    await people.world.admin.accounts.set_password("alice@example.test", Secret("another horse here"), ACTOR)
    assert await made.of(asked("GET", "/", cookie=cookie)) is None
    monkeypatch.setattr(visits, "VISITS_MAX", 0)
    await people.world.admin.accounts.set_password("alice@example.test", Secret("correct horse"), ACTOR)
    assert await made.of(asked("GET", "/", cookie=await begin(people, made))) is None


async def test_who_signs_in_again_and_again_pushes_out_himself_alone(people: People) -> None:
    made = Visits(people.identity, people.world.clock, people.world.random)
    bob = await people.identity.login("bob@example.test", Secret("correct horse"), PEER, "WEB")
    other = made.begin(bob, is_complete=True).partition(";")[0]
    cookies = [await begin(people, made) for _ in range(VISITS_OF_ONE + 3)]
    found = [await made.of(asked("GET", "/", cookie=cookie)) is not None for cookie in cookies]
    assert found == [False] * 3 + [True] * VISITS_OF_ONE
    assert await made.of(asked("GET", "/", cookie=other)) is not None


async def test_whoever_ends_all_others_ends_them_though_many_others_came(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Visits(people.identity, people.world.clock, people.world.random)
    monkeypatch.setattr(visits, "VISITS_MAX", 3)
    alice = await made.of(asked("GET", "/", cookie=await begin(people, made)))
    stolen = await begin(people, made)
    assert alice is not None
    for name in ("bob", "carol", "dave"):  # there and gone again
        login = msgspec.structs.replace(alice.login, account=AccountId(len(name) + 1000))
        cookie = made.begin(login, is_complete=True).partition(";")[0]
        made.end(asked("GET", "/", cookie=cookie))
    assert len(made.of_one(alice.login.account)) == 2
    made.end_others(alice)
    assert await made.of(asked("GET", "/", cookie=stolen)) is None
    assert made.of_one(alice.login.account) == [alice]
    made.end_others(msgspec.structs.replace(alice, key=b""))
    assert made._own == {}
