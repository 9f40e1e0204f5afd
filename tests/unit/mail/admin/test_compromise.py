import msgspec
import pytest

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.compromise import LockInfo
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import AccountLocked, AccountTrusted
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.store.commands.places import PutAlert
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, PASSWORD, World

TOKEN = b"t" * 16


class Told:
    def __init__(self) -> None:
        self.locks: list[tuple[str, str]] = []
        self.trusted: list[str] = []
        self.is_down = False

    async def locked(self, address: Address, actor: str) -> None:
        if self.is_down:
            raise TransientError(Reason.STORE_BUSY)
        self.locks.append((str(address), actor))


def administration(world: World) -> tuple[Admin, Told]:
    told = Told()
    deps = world.admin.accounts._deps
    changed = {name: getattr(deps, name) for name in deps.__dataclass_fields__}
    return Admin(type(deps)(**(changed | {"alerts": told, "trusted": told.trusted.append}))), told


def identity(world: World) -> Identity:
    gate = Gate(LocalLimits(LimitTable(world.clock)), LoginSettings(), world.events, Secret(b"n" * 32))
    recent = RecentLogins(world.clock, world.random)
    credentials = StoredCredentials(world.store, world.clock, world.random)
    return Identity(credentials, world.passwords, recent, gate, world.clock)


async def test_a_lock_ends_open_sessions_and_every_login_and_is_told(world: World) -> None:
    admin, told = administration(world)
    logins = identity(world)
    login = await logins.login("alice@example.test", PASSWORD, PeerFacts(), "PLAIN")
    info = await admin.compromise.lock("Alice@example.test", ACTOR)
    assert info == LockInfo(address="alice@example.test", is_locked=True, has_changed=True)
    assert not await logins.is_still_valid(login, PeerFacts())
    with pytest.raises(PermanentError):
        await logins.login("alice@example.test", PASSWORD, PeerFacts(), "PLAIN")
    assert told.locks == [("alice@example.test", ACTOR)]
    assert (
        AccountLocked(actor=ACTOR, account=login.account, account_name="alice@example.test", held=0)
        in world.events.events
    )
    again = await admin.compromise.lock("alice@example.test", ACTOR)
    assert again == msgspec.structs.replace(info, has_changed=False)
    assert len(told.locks) == 1


async def test_trust_gives_the_password_back_and_opens_what_was_closed(world: World) -> None:
    admin, told = administration(world)
    await admin.compromise.lock("alice@example.test", ACTOR)
    assert (await admin.compromise.trust("alice@example.test", ACTOR)).has_changed
    login = await identity(world).login("alice@example.test", PASSWORD, PeerFacts(), "PLAIN")
    assert not (await admin.compromise.trust("alice@example.test", ACTOR)).has_changed
    assert told.trusted == ["alice@example.test"] * 2
    trusted = [event for event in world.events.events if isinstance(event, AccountTrusted)]
    assert [(event.account, event.was_locked) for event in trusted] == [(login.account, True), (login.account, False)]


async def test_the_owner_locks_by_a_link_once_and_it_opens_nothing(world: World) -> None:
    admin, told = administration(world)
    alice = await world.account("alice")
    put = PutAlert(unit=admin.compromise._unit(), account=alice, token=TOKEN, expires_at_ms=world.clock.now_ms() + 1000)
    await world.store.submit(put)
    assert await admin.compromise.is_link(alice, TOKEN)
    assert not await admin.compromise.is_link(await world.account("bob"), TOKEN)
    assert (await admin.compromise.lock_by_link(alice, TOKEN)).is_locked
    assert told.locks == [("alice@example.test", "owner")]
    for account in (alice, AccountId(999)):
        with pytest.raises(PermanentError) as caught:
            await admin.compromise.lock_by_link(account, TOKEN)
        assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_a_lock_holds_though_nobody_can_be_told(world: World) -> None:
    admin, told = administration(world)
    told.is_down = True
    assert (await admin.compromise.lock("alice@example.test", ACTOR)).is_locked
    with pytest.raises(PermanentError):
        await identity(world).login("alice@example.test", PASSWORD, PeerFacts(), "PLAIN")


async def test_an_administrators_password_stays_one_for_the_web_through_lock_and_new_password(world: World) -> None:
    admin, _told = administration(world)
    await admin.compromise.lock("admin@example.test", ACTOR)
    assert (await admin.accounts.set_password("admin@example.test", Secret("another one"), ACTOR)).services == ("web",)
    await admin.compromise.trust("admin@example.test", ACTOR)  # too late: it has another one
    with pytest.raises(PermanentError):
        await identity(world).login("admin@example.test", PASSWORD, PeerFacts(service="web"), "form")
    await identity(world).login("admin@example.test", Secret("another one"), PeerFacts(service="web"), "form")


async def test_an_account_with_a_new_password_can_be_locked_again(world: World) -> None:
    admin, told = administration(world)
    await admin.compromise.lock("alice@example.test", ACTOR)
    await admin.accounts.set_password("alice@example.test", Secret("another one"), ACTOR)
    await identity(world).login("alice@example.test", Secret("another one"), PeerFacts(), "PLAIN")
    assert (await admin.compromise.lock("alice@example.test", ACTOR)).has_changed
    assert len(told.locks) == 2
    with pytest.raises(PermanentError):
        await identity(world).login("alice@example.test", Secret("another one"), PeerFacts(), "PLAIN")
    await admin.compromise.trust("alice@example.test", ACTOR)
    await identity(world).login("alice@example.test", Secret("another one"), PeerFacts(), "PLAIN")
