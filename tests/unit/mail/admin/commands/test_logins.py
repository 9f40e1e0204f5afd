import msgspec

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.logins import LoginInfo
from skrytka.mail.admin.commands.run import run_command
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.address import Address
from tests.unit.mail.world import World

INFO = LoginInfo(at="2026-11-29T05:00:00.000Z", outcome="in", remote="192.0.2.7")


class Log:
    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, address: Address, limit: int) -> list[LoginInfo]:
        self.asked.append((address.key, limit))
        return [INFO]


async def nothing(_text: str) -> None:
    pass


async def ask(world: World, actor: Actor, command: str, log: Log | None = None, **args: object) -> object:
    deps = CommandDeps(admin=world.admin, logins=log)
    answer = await run_command(deps, msgspec.json.encode({"command": command, "args": args}), actor, nothing)
    return answer.result if answer.ok else answer.error


async def test_an_administrator_reads_the_logins_of_his_domain_and_everybody_his_own(world: World) -> None:
    log = Log()
    alice = await world.account("alice")
    his = Actor("bob", grants=(Grant(AccessRole.DOMAIN_ADMIN, "example.test"),))
    user = Actor("alice", account=alice, grants=(Grant(AccessRole.USER),))
    assert await ask(world, his, "login.list", log, address="Alice@example.test", limit=5) == [INFO]
    assert await ask(world, his, "login.list", log, address="carol@other.test") == "no_such_object"
    assert await ask(world, user, "login.list", log, address="alice@example.test") == "not_permitted"
    assert await ask(world, user, "login.own", log) == [INFO]
    assert log.asked == [("alice@example.test", 5), ("alice@example.test", 100)]


async def test_who_has_no_account_has_no_logins_of_his_own(world: World) -> None:
    assert await ask(world, LOCAL_ROOT, "login.own", Log()) == "not_permitted"
    assert await ask(world, LOCAL_ROOT, "login.list", address="alice@example.test") == "unsupported"
    gone = Actor("x", account=await world.account("alice"), grants=(Grant(AccessRole.USER),))
    await world.admin.accounts.remove("alice@example.test", "local root")
    assert await ask(world, gone, "login.own", Log()) == "no_such_user"


async def test_an_account_is_locked_and_trusted(world: World) -> None:
    locked = await ask(world, LOCAL_ROOT, "account.compromised", address="alice@example.test")
    assert locked.is_locked  # type: ignore[attr-defined]
    assert not (await ask(world, LOCAL_ROOT, "account.trust", address="alice@example.test")).is_locked  # type: ignore[attr-defined]
