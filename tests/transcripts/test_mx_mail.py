"""Plays tests/transcripts/mx_mail: port 25 with real delivery behind it, where what is in the message decides."""

from pathlib import Path

from skrytka.model.events import ForwardWithheld
from skrytka.model.limits import SmtpLimits
from skrytka.servers.mx import serve_mx
from skrytka.servers.mx_deps import MxDeps
from tests.support.mx import HOSTNAME, FakeDelivery, FakeRecipients, Mx
from tests.support.outside import Outside
from tests.support.smtp_transcript import parse, play
from tests.unit.mail.world import ACTOR, World
from tests.unit.net.harness import serving

FOLDER = Path(__file__).parent / "mx_mail"


async def test_what_is_to_be_quarantined_is_refused_or_kept_here(world: World) -> None:
    await world.admin.aliases.add("info@example.test", ["x@example.net"], ACTOR)
    await world.admin.aliases.add("team@example.test", ["alice@example.test", "y@example.net"], ACTOR)
    world.dns.txt("bank.example", "v=spf1 -all")
    world.dns.txt("_dmarc.bank.example", "v=DMARC1; p=quarantine")
    outside = Outside(world, 1)
    deps = MxDeps(
        recipients=world.directory,
        delivery=outside.delivery,
        events=world.events,
        clock=world.clock,
        random=world.random,
        limits=SmtpLimits(),
        hostname=HOSTNAME,
    )
    async with serving(lambda conn: serve_mx(conn, deps)) as net:
        served = Mx(net, FakeRecipients(), FakeDelivery())
        await play(parse(FOLDER / "quarantine_not_forwarded.smtp"), served)
        await served.close()
    assert await outside.queue() == []
    assert [len(await world.inbox(name, "Junk")) for name in ("alice", "bob", "admin")] == [1, 0, 1]
    withheld = [event for event in world.events.events if isinstance(event, ForwardWithheld)]
    assert [(each.alias, each.kept_for) for each in withheld] == [
        ("team@example.test", ("alice@example.test",)),
        ("info@example.test", ("admin@example.test",)),
    ]
