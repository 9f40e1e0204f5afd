import asyncio
from collections import Counter

import msgspec
import pytest

from skrytka.mail.identity import login as login_module
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Attempt, Credential, Identity, Login, Watch, hidden_name, is_same_name
from skrytka.mail.identity.passwords import Cost, Passwords, RecentLogins
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import LoginFailed, LoginSucceeded
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.limits import LimitTable, LocalLimits
from tests.unit.mail.support import CountingRandom, PeerFacts, Recorder

ALICE = Address.parse("Alice@example.test")
SETTINGS = LoginSettings(failures_per_account_network=3, failures_per_address=5, window_s=900)


class Directory:
    def __init__(self) -> None:
        self.rows: dict[str, Credential] = {}
        self.is_down = False
        self.changes = 0
        self.reads = 0
        self.renewed: list[str] = []

    async def find(self, address: Address) -> Credential | None:
        self.reads += 1
        if self.is_down:
            raise TransientError(Reason.STORE_DOWN)
        return self.rows.get(address.key)

    async def renew(self, account: AccountId, was: str, stored: str) -> None:
        self.renewed.append(stored)


class Verifying(Passwords):
    """Counts the hashes."""

    hashes = 0

    def _verify(self, peppered: bytes, stored: str) -> bool:
        self.hashes += 1
        return super()._verify(peppered, stored)


class World:
    def __init__(self) -> None:
        self.clock = FixedClock()
        self.random = CountingRandom()
        self.passwords = Verifying(Secret(b"p" * 32), self.random, cost=Cost(1, 64), threads=1)
        self.directory = Directory()
        self.limits = LimitTable(self.clock)
        self.events = Recorder()
        self.identity = self.watched()

    def watched(self, watch: Watch | None = None) -> Identity:
        gate = Gate(LocalLimits(self.limits), SETTINGS, self.events, Secret(b"n" * 32), watch)
        recent = RecentLogins(self.clock, self.random)
        return Identity(self.directory, self.passwords, recent, gate, self.clock)

    async def add(self, *, is_suspended: bool = False, services: frozenset[str] = frozenset()) -> None:
        stored = await self.passwords.hash(AccountId(7), Secret("right"))
        self.directory.rows[ALICE.key] = Credential(AccountId(7), ALICE, stored, is_suspended, services)

    async def refusal(self, name: str, password: str, facts: PeerFacts | None = None) -> Reason:
        with pytest.raises((PermanentError, TransientError)) as caught:
            await self.identity.login(name, Secret(password), facts or PeerFacts(), "PLAIN")
        assert isinstance(caught.value, PermanentError | TransientError)
        return caught.value.reason


@pytest.fixture
async def world() -> World:
    made = World()
    await made.add()
    return made


async def test_the_right_password_opens_whatever_the_case_of_the_name(world: World) -> None:
    login = await world.identity.login("aLICE@EXAMPLE.test", Secret("right"), PeerFacts(), "LOGIN")
    assert (login.account, login.address) == (AccountId(7), ALICE)
    assert world.events.events == [
        LoginSucceeded(
            account=7, account_name="Alice@example.test", remote="192.0.2.7", service="imaps", mechanism="LOGIN"
        )
    ]


@pytest.mark.parametrize("name", ["alice@example.test", "bob@example.test", "no address", "", "x" * 5000, "a\0@b.test"])
async def test_wrong_and_unknown_cost_one_hash_and_look_alike(world: World, name: str) -> None:
    assert await world.refusal(name, "wrong") is Reason.BAD_CREDENTIALS
    assert world.passwords.hashes == 1


async def test_an_unknown_name_is_recorded_as_a_keyed_hash_only(world: World) -> None:
    await world.refusal("my-Password!", "x")
    (event,) = world.events.events
    assert isinstance(event, LoginFailed)
    assert event.name.startswith("?")
    assert "my-pass" not in event.name.lower()
    assert event.reason == "no_such_user"


@pytest.mark.parametrize("name", ["alice@example.test", "my-Password!", "x" * 5000])
def test_acting_as_somebody_else_is_told_and_not_tried(name: str) -> None:
    made = World()
    made.identity.refuse(name, PeerFacts(), "PLAIN")
    (event,) = made.events.events
    assert isinstance(event, LoginFailed)
    assert event.name.startswith("?")
    assert (event.reason, event.mechanism) == ("not_permitted", "PLAIN")
    assert made.passwords.hashes == 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("alice@example.test", "ALICE@Example.TEST", True),
        ("alice@example.test", "bob@example.test", False),
        ("alice", "alice", True),
        ("alice", "Alice", False),
        ("alice@example.test", "alice", False),
        ("x" * 5000, "x" * 5000, True),
    ],
)
def test_an_authorization_identity_is_the_name_or_another(one: str, other: str, is_same: bool) -> None:
    assert is_same_name(one, other) is is_same


@pytest.mark.parametrize(
    ("is_suspended", "services", "reason"),
    [(True, frozenset(), "account_suspended"), (False, frozenset({"web"}), "not_permitted")],
)
async def test_a_right_password_is_not_even_tried_where_it_may_not_be_used(
    world: World, is_suspended: bool, services: frozenset[str], reason: str
) -> None:
    await world.add(is_suspended=is_suspended, services=services)
    assert await world.refusal(str(ALICE), "right") is Reason.BAD_CREDENTIALS
    assert world.passwords.hashes == 1
    (event,) = world.events.events
    assert isinstance(event, LoginFailed)
    assert event.reason == reason


async def test_the_limit_comes_before_the_hash_and_counts_failures_only(world: World) -> None:
    for _ in range(5):
        await world.identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    for _ in range(3):
        assert await world.refusal(str(ALICE), "wrong") is Reason.BAD_CREDENTIALS
    hashes = world.passwords.hashes
    assert await world.refusal(str(ALICE), "right") is Reason.RATE_LIMITED
    assert world.passwords.hashes == hashes


async def test_a_refusal_for_the_number_reads_no_directory_and_names_the_account_by_its_hash(world: World) -> None:
    for _ in range(3):
        await world.refusal(str(ALICE), "wrong")
    world.directory.is_down = True
    assert await world.refusal("ALICE@Example.TEST", "right") is Reason.RATE_LIMITED
    event = world.events.events[-1]
    assert isinstance(event, LoginFailed)
    assert event.name == hidden_name(Secret(b"n" * 32), ALICE.key)
    assert event.reason == "rate_limited"


async def test_nobody_locks_an_account_for_another_network(world: World) -> None:
    for _ in range(4):
        await world.refusal(str(ALICE), "wrong")
    elsewhere = PeerFacts(remote="198.51.100.1", network="198.51.100.0/24")
    await world.identity.login(str(ALICE), Secret("right"), elsewhere, "PLAIN")


async def test_one_address_that_tries_many_names_is_stopped(world: World) -> None:
    for number in range(5):
        assert await world.refusal(f"user{number}@example.test", "x") is Reason.BAD_CREDENTIALS
    assert await world.refusal("user9@example.test", "x") is Reason.RATE_LIMITED


async def test_an_address_of_its_own_for_each_name_does_not_help_one_machine(world: World) -> None:
    for number in range(6):
        facts = PeerFacts(remote=f"2001:db8:1:2::{number}", network="2001:db8:1::/48")
        expected = Reason.BAD_CREDENTIALS if number < 5 else Reason.RATE_LIMITED
        assert await world.refusal(f"user{number}@example.test", "x", facts) is expected


async def test_an_exempt_peer_is_not_limited(world: World) -> None:
    facts = PeerFacts(remote="127.0.0.1", is_exempt=True)
    for _ in range(10):
        assert await world.refusal(str(ALICE), "wrong", facts) is Reason.BAD_CREDENTIALS
    assert len(world.limits) == 0


async def test_trouble_on_our_side_does_not_count_against_the_peer(world: World) -> None:
    world.directory.is_down = True
    for _ in range(6):
        assert await world.refusal(str(ALICE), "right") is Reason.STORE_DOWN
    world.directory.is_down = False
    await world.identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")


async def test_a_second_login_soon_after_costs_no_hash_until_the_password_changes(world: World) -> None:
    await world.identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    hashes = world.passwords.hashes
    await world.identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    assert world.passwords.hashes == hashes
    stored = await world.passwords.hash(AccountId(7), Secret("new"))
    world.directory.rows[ALICE.key] = Credential(AccountId(7), ALICE, stored)
    assert await world.refusal(str(ALICE), "right") is Reason.BAD_CREDENTIALS


async def test_many_clients_that_come_back_at_once_are_all_let_in(world: World) -> None:
    """More than either limit counts; they cost one hash."""
    logins = [world.identity.login("alice@example.test", Secret("right"), PeerFacts(), "PLAIN") for _ in range(20)]
    assert {login.account for login in await asyncio.gather(*logins)} == {AccountId(7)}
    assert world.passwords.hashes == 1


async def test_guesses_at_once_are_stopped_like_those_in_a_row(world: World) -> None:
    guesses = [world.refusal("alice@example.test", f"guess {number}") for number in range(20)]
    refusals = Counter(await asyncio.gather(*guesses))
    assert refusals == {Reason.BAD_CREDENTIALS: 3, Reason.RATE_LIMITED: 17}
    assert world.passwords.hashes == 3


async def test_a_hash_of_other_parameters_is_renewed_at_login(world: World) -> None:
    old = Passwords(Secret(b"p" * 32), world.random, cost=Cost(2, 64), threads=1)
    stored = await old.hash(AccountId(7), Secret("right"))
    world.directory.rows[ALICE.key] = Credential(AccountId(7), ALICE, stored)
    await world.identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    (renewed,) = world.directory.renewed
    assert (await world.passwords.verify(AccountId(7), Secret("right"), renewed)).is_right


async def test_a_login_is_valid_until_the_password_the_account_or_its_rights_change(world: World) -> None:
    facts = PeerFacts()
    login = await world.identity.login(str(ALICE), Secret("right"), facts, "PLAIN")
    assert await world.identity.is_still_valid(login, facts)
    was = world.directory.rows[ALICE.key]
    changes = (
        {"stored": await world.passwords.hash(AccountId(7), Secret("right"))},  # even to the same one
        {"is_suspended": True},
        {"services": frozenset({"web"})},
        {"account": AccountId(8)},
    )
    for change in changes:
        world.directory.rows[ALICE.key] = msgspec.structs.replace(was, **change)
        world.directory.changes += 1
        assert not await world.identity.is_still_valid(login, facts)
    world.directory.rows[ALICE.key] = was
    assert await world.identity.is_still_valid(login, facts)
    world.directory.is_down = True
    world.directory.changes += 1
    assert await world.identity.is_still_valid(login, facts)
    world.directory.is_down = False
    del world.directory.rows[ALICE.key]
    assert not await world.identity.is_still_valid(login, facts)


async def test_while_the_directory_does_not_change_nobody_asks_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = await world.identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    world.directory.reads = 0
    for _ in range(3):
        assert await world.identity.is_still_valid(login, PeerFacts())
    assert world.directory.reads == 1
    assert await world.identity.is_still_valid(login, PeerFacts(service="submission"))  # another question
    assert world.directory.reads == 2
    monkeypatch.setattr(login_module, "VALID_MAX", 2)
    assert await world.identity.is_still_valid(login, PeerFacts(service="pop3"))
    assert await world.identity.is_still_valid(login, PeerFacts())
    assert world.directory.reads == 4


async def test_a_login_that_renews_its_hash_stays_valid(world: World) -> None:
    old = Passwords(Secret(b"p" * 32), world.random, cost=Cost(2, 64), threads=1)
    stored = await old.hash(AccountId(7), Secret("right"))
    world.directory.rows[ALICE.key] = Credential(AccountId(7), ALICE, stored)
    login = await world.identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    (renewed,) = world.directory.renewed
    world.directory.rows[ALICE.key] = Credential(AccountId(7), ALICE, renewed)
    assert await world.identity.is_still_valid(login, PeerFacts())
    old.close()


class Guard:
    """A Watch that does as it is told."""

    def __init__(self) -> None:
        self.is_at_home = False
        self.refuses = False
        self.noted: list[tuple[str, AccountId | None, str]] = []
        self.whole: list[str] = []

    async def delay(self, attempt: Attempt) -> bool:
        if self.refuses:
            raise TransientError(Reason.RATE_LIMITED)
        return self.is_at_home

    def note(self, attempt: Attempt, found: Credential | None, error: BaseException | None) -> None:
        self.noted.append((attempt.name, found.account if found else None, type(error).__name__))

    async def arrived(self, attempt: Attempt, found: Credential) -> None:
        """Passwords are tried; what comes after them is told when it is there."""
        self.whole.append(attempt.key)


def watched(world: World, guard: Guard) -> Identity:
    return world.watched(guard)


async def test_what_watches_hears_of_each_try_once_and_never_a_name(world: World) -> None:
    guard = Guard()
    identity = watched(world, guard)
    await identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    with pytest.raises(PermanentError):
        await identity.login(str(ALICE), Secret("wrong"), PeerFacts(), "PLAIN")
    with pytest.raises(PermanentError):
        await identity.login("nobody@example.test", Secret("wrong"), PeerFacts(), "PLAIN")
    world.directory.is_down = True
    with pytest.raises(TransientError):
        await identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    alice, nobody = (hidden_name(Secret(b"n" * 32), key) for key in (ALICE.key, "nobody@example.test"))
    assert guard.noted == [
        (alice, AccountId(7), "NoneType"),
        (alice, AccountId(7), "PermanentError"),
        (nobody, None, "PermanentError"),
        (alice, None, "TransientError"),
    ]


async def test_what_watches_refuses_before_any_read_or_hash_and_it_is_told(world: World) -> None:
    guard = Guard()
    guard.refuses = True
    world.directory.reads = hashes = world.passwords.hashes = 0
    with pytest.raises(TransientError) as caught:
        await watched(world, guard).login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    assert caught.value.reason is Reason.RATE_LIMITED
    assert (world.directory.reads, world.passwords.hashes, guard.noted) == (0, hashes, [])
    event = world.events.events[-1]
    assert isinstance(event, LoginFailed)
    assert event.reason == "rate_limited"


async def test_who_is_at_home_there_is_not_stopped_by_others_at_the_same_address(world: World) -> None:
    guard = Guard()
    identity = watched(world, guard)
    for number in range(5):
        with pytest.raises(PermanentError):
            await identity.login(f"user{number}@example.test", Secret("x"), PeerFacts(), "PLAIN")
    with pytest.raises(TransientError):
        await identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    guard.is_at_home = True
    login: Login = await identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    assert login.account == AccountId(7)


@pytest.mark.parametrize("services", [frozenset({"none"}), frozenset({"imap"})])
async def test_a_passkey_opens_no_account_that_is_locked_or_not_let_in_there(
    world: World, services: frozenset[str]
) -> None:
    await world.add(services=services)
    with pytest.raises(PermanentError):
        await world.identity.passkey(ALICE, PeerFacts(service="web"), "PASSKEY")
    assert [type(event) for event in world.events.events] == [LoginFailed]


async def test_an_open_session_ends_when_a_second_factor_is_due(world: World) -> None:
    """Nothing in the directory changes at the end of the days that a rule gives."""
    login = await world.identity.login("alice@example.test", Secret("right"), PeerFacts(), "PLAIN")
    before, due_ms = world.directory.rows[ALICE.key], world.clock.now_ms() + 1000
    world.directory.rows[ALICE.key] = msgspec.structs.replace(before, fresh_until_ms=due_ms)
    assert await world.identity.is_still_valid(login, PeerFacts())
    world.directory.rows[ALICE.key] = msgspec.structs.replace(before, has_mfa=True)
    assert await world.identity.is_still_valid(login, PeerFacts())  # from memory
    world.clock.advance(1)
    assert not await world.identity.is_still_valid(login, PeerFacts())


async def test_a_login_on_the_web_has_arrived_when_it_is_whole(world: World) -> None:
    guard, web = Guard(), PeerFacts(service="web")
    identity = watched(world, guard)
    login = await identity.login(str(ALICE), Secret("right"), web, "WEB")
    assert guard.whole == []
    await identity.whole(login, web, "WEB")
    assert guard.whole == [ALICE.key]
    world.directory.rows.clear()  # removed in between
    await identity.whole(login, web, "WEB")
    assert guard.whole == [ALICE.key]


class Seen:
    """A watch that keeps who arrived."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[str, str, str]] = []

    async def delay(self, attempt: Attempt) -> bool:
        return False

    def note(self, attempt: Attempt, found: Credential | None, error: BaseException | None) -> None:
        pass

    async def arrived(self, attempt: Attempt, found: Credential) -> None:
        self.arrivals.append((attempt.name, attempt.mechanism, attempt.facts.program))


async def test_a_program_that_says_what_it_is_behind_the_login_is_looked_at(world: World) -> None:
    await world.add()
    seen = Seen()
    identity = world.watched(seen)
    login = await identity.login(str(ALICE), Secret("right"), PeerFacts(), "PLAIN")
    told = len(world.events.events)
    await identity.identified(login, PeerFacts(program="name=thunderbird"))
    await identity.identified(Login(AccountId(99), ALICE), PeerFacts(program="x"))  # another has the address now
    await identity.identified(Login(AccountId(7), Address.parse("gone@example.test")), PeerFacts(program="x"))
    assert seen.arrivals == [(hidden_name(Secret(b"n" * 32), ALICE.key), "ID", "name=thunderbird")]
    assert len(world.events.events) == told
