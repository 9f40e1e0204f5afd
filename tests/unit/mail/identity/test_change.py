from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.mail.identity.api_keys import Limits
from skrytka.mail.identity.change import ONCE, ONCE_MS, TRIES, WINDOW_S, ChangeDeps, PasswordCare, PasswordChanges
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.factors import Owner
from skrytka.mail.identity.passwords import Check
from skrytka.mail.identity.policy import PasswordPolicy, PasswordRefusedError, Problem
from skrytka.mail.identity.sessions import Place
from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DirectoryChanged
from skrytka.model.ids import AccountId, UnitId
from skrytka.model.secret import Secret
from skrytka.model.settings import Passwords as PasswordSettings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.store.commands.directory import SetPassword
from skrytka.store.commands.factors import HISTORY
from skrytka.store.factor_rows import Notice
from skrytka.store.sql import factors as sql
from tests.unit.mail.identity.test_factors import owner
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, PASSWORD, World

ALICE = Address.parse("alice@example.test")
PEER = PeerFacts()
NEW = Secret("vivid marten over nine bridges")
OTHER = Secret("quiet lantern beneath the copper hill")


@pytest.fixture
def changes(world: World, tmp_path: Path) -> Iterator[PasswordChanges]:
    policy = PasswordPolicy(PasswordSettings(), tmp_path / "none", world.events)
    yield PasswordChanges(deps(world), policy, LocalLimits(LimitTable(world.clock)))
    policy.close()


def deps(world: World) -> ChangeDeps:
    return ChangeDeps(
        store=world.store,
        keys=world.keys,
        passwords=world.passwords,
        events=world.events,
        clock=world.clock,
        random=world.random,
    )


async def is_right(world: World, who: Owner, password: Secret) -> bool:
    found = await StoredCredentials(world.store, world.clock, world.random).find(who.address)
    return found is not None and (await world.passwords.verify(who.account, password, found.stored)).is_right


async def change(made: PasswordChanges, who: Owner, old: Secret, new: Secret, *, has_mfa: bool = False) -> None:
    await made.change(who, old, new, is_stepped_up=True, has_mfa=has_mfa)


async def test_the_owner_changes_his_password_and_is_told(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    await change(changes, alice, PASSWORD, NEW)
    assert await is_right(world, alice, NEW)
    assert not await is_right(world, alice, PASSWORD)
    (event,) = world.events.events
    assert isinstance(event, DirectoryChanged)
    assert (event.actor, event.action, event.object) == (str(ALICE), "account.password", str(ALICE))
    assert [row.what.value for row in await world.store.read(sql.notices(9))] == ["password.changed"]


async def test_it_takes_the_old_password_and_a_fresh_proof(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    with pytest.raises(PermanentError) as caught:
        await changes.change(alice, PASSWORD, NEW, is_stepped_up=False, has_mfa=False)
    assert caught.value.reason is Reason.NOT_PERMITTED
    with pytest.raises(PermanentError) as caught:
        await change(changes, alice, OTHER, NEW)
    assert caught.value.reason is Reason.BAD_CREDENTIALS
    assert await is_right(world, alice, PASSWORD)


async def test_guesses_at_the_old_password_are_limited(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    for _ in range(TRIES):
        with pytest.raises(PermanentError):
            await change(changes, alice, OTHER, NEW)
    with pytest.raises(TransientError) as caught:
        await change(changes, alice, PASSWORD, NEW)
    assert caught.value.reason is Reason.RATE_LIMITED


@pytest.mark.parametrize(
    ("new", "problem"),
    [("short words", Problem.TOO_SHORT), ("alice-alice-alice-alice", Problem.CONTEXT), ("", Problem.TOO_SHORT)],
)
async def test_a_password_that_will_not_do_changes_nothing(
    world: World, changes: PasswordChanges, new: str, problem: Problem
) -> None:
    alice = await owner(world)
    with pytest.raises(PasswordRefusedError) as caught:
        await change(changes, alice, PASSWORD, Secret(new))
    assert problem in caught.value.problems
    assert await is_right(world, alice, PASSWORD)


async def test_none_of_the_last_24_comes_back(world: World, changes: PasswordChanges) -> None:
    """The hashes are made beforehand: what is tried is the comparison."""
    alice = await owner(world)
    words = [f"{NEW.reveal().decode()} {number}" for number in range(HISTORY + 1)]
    old = PASSWORD
    for word in words:
        await changes.give(alice, Secret(word), "")
        old = Secret(word)
    for word in words[1:]:
        with pytest.raises(PasswordRefusedError) as caught:
            await change(changes, alice, old, Secret(word))
        assert caught.value.problems == (Problem.USED_BEFORE,)
        world.clock.advance(2 * WINDOW_S)  # such tries are counted
    await change(changes, alice, old, Secret(words[0]))  # the 25th


async def test_a_used_password_is_found_however_it_is_typed(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    first, same = Secret("gęś przy zielonym moście śpi"), Secret("ge\u0328s\u0301 przy zielonym mos\u0301cie s\u0301pi")
    await change(changes, alice, PASSWORD, first)
    with pytest.raises(PasswordRefusedError):
        await change(changes, alice, first, same)


async def test_where_the_password_may_be_used_stays_as_it_was(world: World, changes: PasswordChanges) -> None:
    admin = await owner(world, "admin")
    await change(changes, admin, PASSWORD, NEW)
    found = await StoredCredentials(world.store, world.clock, world.random).find(admin.address)
    assert found is not None
    assert found.services == {"web"}


async def test_the_code_of_a_reset_sets_a_password_that_nobody_else_knows(
    world: World, changes: PasswordChanges
) -> None:
    alice, bob = await owner(world), await owner(world, "bob")
    code = await PasswordCare(deps(world)).reset(alice, ACTOR)
    assert await is_right(world, alice, PASSWORD)  # until he has used it
    with pytest.raises(PasswordRefusedError):
        await changes.set_by_code(alice, code, Secret("short"), PEER, has_mfa=False)  # the code is still good
    with pytest.raises(PermanentError) as caught:
        await changes.set_by_code(bob, code, NEW, PEER, has_mfa=False)
    assert caught.value.reason is Reason.BAD_CREDENTIALS
    await changes.set_by_code(alice, code, NEW, PEER, has_mfa=False)
    assert await is_right(world, alice, NEW)
    with pytest.raises(PermanentError):
        await changes.set_by_code(alice, code, OTHER, PEER, has_mfa=False)
    actions = [event.action for event in world.events.events if isinstance(event, DirectoryChanged)]
    assert actions == ["account.reset_password", "account.password"]


async def test_the_code_of_a_reset_is_over_after_a_day(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    code = await changes.reset(alice, ACTOR)
    world.clock.advance(24 * 3600)
    with pytest.raises(PermanentError):
        await changes.set_by_code(alice, code, NEW, PEER, has_mfa=False)


async def test_guesses_at_the_code_of_a_reset_are_limited(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    for _ in range(TRIES):
        with pytest.raises(PermanentError):
            await changes.set_by_code(alice, Secret("abcde-fghij-kmnpq-rstuv-wxyz2"), NEW, PEER, has_mfa=False)
    with pytest.raises(TransientError):
        await changes.set_by_code(alice, Secret("abcde-fghij-kmnpq-rstuv-wxyz2"), NEW, PEER, has_mfa=False)


async def test_nobody_uses_up_the_tries_of_somebody_else(world: World, changes: PasswordChanges) -> None:
    """Neither those with the code nor those with the old password."""
    alice = await owner(world)
    code = await changes.reset(alice, ACTOR)
    for _ in range(TRIES):
        with pytest.raises(PermanentError):
            await changes.set_by_code(alice, Secret("x"), NEW, PEER, has_mfa=False)
    await changes.set_by_code(alice, code, NEW, PeerFacts(remote="203.0.113.9"), has_mfa=False)
    await change(changes, alice, NEW, OTHER)


async def test_a_password_that_is_known_to_others_opens_nothing_and_its_own_change_neither(
    world: World, changes: PasswordChanges
) -> None:
    alice = await owner(world)
    code = await changes.distrust(alice, ACTOR)
    found = await StoredCredentials(world.store, world.clock, world.random).find(ALICE)
    assert found is not None
    assert [found.may_use(service) for service in ("web", "imaps", "submission")] == [False] * 3
    assert await changes.must_change(alice.account) == "compromised"
    with pytest.raises(PermanentError) as caught:
        await change(changes, alice, PASSWORD, NEW)
    assert caught.value.reason is Reason.BAD_CREDENTIALS
    await changes.set_by_code(alice, code, NEW, PEER, has_mfa=False)
    assert await changes.must_change(alice.account) == ""
    found = await StoredCredentials(world.store, world.clock, world.random).find(ALICE)
    assert found is not None
    assert found.may_use("imaps")


async def test_a_given_password_is_to_be_changed_and_works_meanwhile(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    await changes.give(alice, NEW, "given")
    assert [row.what.value for row in await world.store.read(sql.notices(9))] == ["password.given"]
    assert await changes.must_change(alice.account) == "given"
    assert await is_right(world, alice, NEW)
    found = await StoredCredentials(world.store, world.clock, world.random).find(ALICE)
    assert found is not None
    assert found.may_use("imaps")


async def test_a_one_time_password_opens_the_web_for_a_week_and_no_mail(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    credentials = StoredCredentials(world.store, world.clock, world.random)
    await changes.give(alice, NEW, ONCE)
    assert await changes.must_change(alice.account) == "once"

    async def services() -> list[bool]:
        found = await credentials.find(ALICE)
        assert found is not None
        return [found.may_use(service) for service in ("web", "imaps", "submission", "pop3s", "managesieve")]

    assert await services() == [True, False, False, False, False]
    world.clock.advance(ONCE_MS // 1000 - 1)
    assert await services() == [True, False, False, False, False]
    world.clock.advance(1)  # though nobody changed anything
    assert await services() == [False] * 5
    await changes.give(alice, NEW, ONCE)
    await change(changes, alice, NEW, OTHER)
    assert await services() == [True] * 5
    assert await changes.must_change(alice.account) == ""


async def test_a_password_says_whether_a_code_has_set_it(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)

    async def is_by_code() -> bool:
        stored = await changes.stored(alice.account)
        assert stored is not None
        return decode_verifier(stored).is_by_code

    code = await changes.reset(alice, ACTOR)
    assert not await is_by_code()
    await changes.set_by_code(alice, code, NEW, PEER, has_mfa=False)
    assert await is_by_code()
    await change(changes, alice, NEW, OTHER)
    assert not await is_by_code()


async def test_two_changes_at_once_are_one(world: World, changes: PasswordChanges) -> None:
    alice = await owner(world)
    was = await changes.stored(alice.account)
    assert was is not None
    other = Verifier(decode_verifier(was).stored, ("web",)).encode()
    await world.store.submit(SetPassword(unit=UnitId(b"u" * 16), account=alice.account, verifier=other))
    with pytest.raises(TransientError) as caught:
        await changes._put(alice.account, was, was, Notice.PASSWORD_CHANGED)
    assert caught.value.reason is Reason.STORE_BUSY


async def test_an_account_without_a_password_has_none_to_distrust(world: World, changes: PasswordChanges) -> None:
    nobody = Owner((await owner(world)).account.__class__(99), ALICE)
    with pytest.raises(PermanentError) as caught:
        await changes.distrust(nobody, ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
    assert await changes.must_change(nobody.account) == ""


@pytest.mark.parametrize("what", ["change", "give", "distrust", "set_by_code", "reset_factors"])
async def test_sessions_and_keys_end_with_what_they_were_begun_with(
    world: World, changes: PasswordChanges, what: str
) -> None:
    """A thief in a session, or with a key made in it, is not left there when the owner changes what he had stolen."""
    alice, sessions = await owner(world), world.admin.sessions
    code = await changes.reset(alice, ACTOR)
    token = (await sessions.begin(alice.account, Place("192.0.2.1", "thief"), is_proved=True)).reveal().decode()
    thief = Actor(str(ALICE), alice.account, (Grant(AccessRole.USER),))
    key = (await world.admin.api_keys.add(Limits("left behind", ("ping",)), 1, thief)).token
    match what:
        case "change":
            await change(changes, alice, PASSWORD, NEW)
        case "give":
            await changes.give(alice, NEW, "given")
        case "distrust":
            await changes.distrust(alice, ACTOR)
        case "set_by_code":
            await changes.set_by_code(alice, code, NEW, PEER, has_mfa=False)
        case _:
            await world.admin.factors.reset(str(ALICE), ACTOR)
    assert await sessions.find(token) is None
    assert await world.admin.api_keys.find(Secret(key), "192.0.2.1") is None


async def test_hashes_of_old_passwords_are_not_to_be_had_without_end(world: World, changes: PasswordChanges) -> None:
    """Each look at them takes a thread of those that logins need for a second; what the rules refuse takes none."""
    alice = await owner(world)
    for _ in range(2 * TRIES):
        with pytest.raises(PasswordRefusedError):
            await change(changes, alice, PASSWORD, Secret("short"))
    await change(changes, alice, PASSWORD, NEW)
    for _ in range(TRIES):
        with pytest.raises(PasswordRefusedError) as caught:
            await change(changes, alice, NEW, NEW)
        assert caught.value.problems == (Problem.USED_BEFORE,)
    with pytest.raises(TransientError):
        await change(changes, alice, NEW, NEW)


async def test_people_of_a_directory_get_no_password_of_their_own_here(world: World, changes: PasswordChanges) -> None:
    """They would be let in after they were sent away there."""
    alice = await owner(world)
    outside = Verifier("$ldap$uid=alice,dc=example,dc=test").encode()
    await world.store.submit(SetPassword(unit=UnitId(b"u" * 16), account=alice.account, verifier=outside))
    with pytest.raises(PermanentError) as caught:
        await change(changes, alice, PASSWORD, NEW)
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert await changes.stored(alice.account) == outside


async def test_a_directory_hears_nothing_of_a_password_of_here(
    world: World, changes: PasswordChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, asked = await owner(world), []
    row = Verifier("$ldap$uid=alice").encode()
    await world.store.submit(SetPassword(unit=UnitId(b"d" * 16), account=alice.account, verifier=row))
    code = await changes.reset(alice, ACTOR)
    verify = world.passwords.verify

    async def listening(account: AccountId, password: Secret, stored: str | None) -> Check:
        asked.append(stored)
        return await verify(account, password, stored)

    monkeypatch.setattr(world.passwords, "verify", listening)
    await changes.set_by_code(alice, code, NEW, PEER, has_mfa=False)
    assert not [each for each in asked if each is not None and each.startswith("$ldap$")]
    await change(changes, alice, NEW, OTHER)  # nor later, when it is one of the last 24
    assert not [each for each in asked if each is not None and each.startswith("$ldap$")]
