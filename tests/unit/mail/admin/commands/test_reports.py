import msgspec

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.reports import Reports
from skrytka.mail.admin.commands.run import Answer, run_command
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.protocol.reports.digest import Digest, TlsDigest
from skrytka.protocol.reports.failure_digest import FailureDigest
from tests.unit.mail.admin.commands.test_access import person
from tests.unit.mail.world import World


def about(domain: str) -> TlsDigest:
    return TlsDigest(
        domain=domain,
        begin_s=1,
        end_s=2,
        reports=1,
        unproven=0,
        organizations=("Big Mail",),
        successes=5,
        failures=0,
        kinds=(),
        is_without_policy=False,
    )


class Log:
    """What was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, int]] = []

    async def tls(self, domain: str | None, days: int) -> list[TlsDigest]:
        self.asked.append((domain, days))
        return [about("example.test"), about("other.test")]

    async def dmarc(self, domain: str | None, days: int) -> list[Digest]:
        return []

    async def failures(self, domain: str | None, days: int) -> list[FailureDigest]:
        return []


async def ask(world: World, actor: Actor, name: str, log: Log | None, **args: object) -> Answer:
    reports = None if log is None else Reports(dmarc=log.dmarc, failures=log.failures, tls=log.tls)
    request = msgspec.json.encode({"command": name, "args": args})
    return await run_command(CommandDeps(admin=world.admin, reports=reports), request, actor, nothing)


async def nothing(_text: str) -> None:
    pass


async def test_reports_are_asked_for_by_domain_and_days(world: World) -> None:
    log = Log()
    assert len((await ask(world, LOCAL_ROOT, "report.tls", log)).result) == 2
    assert (await ask(world, LOCAL_ROOT, "report.tls", log, domain="EXAMPLE.test", days=5)).ok
    assert log.asked == [(None, 30), ("example.test", 5)]
    for name in ("report.dmarc", "report.failures"):
        assert (await ask(world, LOCAL_ROOT, name, log)).result == []
        assert (await ask(world, LOCAL_ROOT, name, None)).error == "unsupported"
    assert (await ask(world, LOCAL_ROOT, "report.tls", log, days=0)).error == "bad_syntax"


async def test_a_domain_administrator_sees_what_is_about_his_domain(world: World) -> None:
    bob = await person(world, "bob", Grant(AccessRole.DOMAIN_ADMIN, "example.test"))
    assert [row.domain for row in (await ask(world, bob, "report.tls", Log())).result] == ["example.test"]
    assert (await ask(world, bob, "report.tls", Log(), domain="other.test")).error == "no_such_object"
    assert (await ask(world, await person(world, "alice"), "report.tls", Log())).error == "not_permitted"
