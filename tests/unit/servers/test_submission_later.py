"""What people here may say of time and urgency, over a real connection and store: later, and sooner than others."""

import smtplib
from pathlib import Path

from skrytka.mail.admin.queue import Wanted
from skrytka.model.events import MessageQueued, MessageReceived, ScheduledMailHeld
from skrytka.model.settings import PriorityRight, Submission
from skrytka.protocol.smtp.received import date_text
from skrytka.protocol.smtp.timing import date_time
from tests.support.dsn import reports
from tests.unit.mail.world import ACTOR
from tests.unit.servers.test_submission import ALICE, OWN, listening, refusals, refused


async def test_a_message_that_is_to_go_later_goes_nowhere_before_its_time_and_then_everywhere(tmp_path: Path) -> None:
    """RFC 4865 4.2."""
    async with listening(tmp_path) as port:
        world = port.world

        def send(client: smtplib.SMTP) -> None:
            to = ["bob@example.test", "x@example.net"]
            refusals(client.sendmail(ALICE, to, OWN, ["HOLDFOR=3600"], ["NOTIFY=SUCCESS"]))

        began_ms = world.clock.now_ms()
        await port.talk(send)
        world.clock.advance(3599)
        assert await port.outside.local.run_once() == 0
        assert await port.outside.courier.run_once() == 0
        assert await world.inbox("bob") == []
        assert {(row.kind, row.due_at_ms, row.release_at_ms) for row in await port.outside.queue()} == {
            (kind, began_ms + 3_600_000, began_ms + 3_600_000) for kind in (0, 1)
        }
        (event,) = [each for each in world.events.events if isinstance(each, MessageQueued)]
        assert (event.reason, event.hold, len(event.recipients)) == ("held", "for;3600", 2)
        world.clock.advance(1)
        assert await port.outside.local.run_once() == 1
        assert await port.outside.courier.run_once() == 1
        (copy,) = await world.inbox("bob")
        assert copy.endswith(OWN)
        (dsn,) = reports(await world.inbox("alice"))
        assert dsn.action == "delivered"
        assert "\r\nFuture-Release-Request: for;3600\r\n" in dsn.status
        assert f"\r\nArrival-Date: {date_text(began_ms)}\r\n" in dsn.status


async def test_held_mail_for_people_here_alone_waits_too(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        until = date_time(port.world.clock.now_ms() + 5000)
        await port.talk(
            lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], OWN, [f"HOLDUNTIL={until}"]))
        )
        assert await port.world.inbox("bob") == []
        port.world.clock.advance(5)
        assert await port.outside.local.run_once() == 1
        assert len(await port.world.inbox("bob")) == 1


async def test_an_account_has_its_share_of_what_waits(tmp_path: Path) -> None:
    async with listening(tmp_path, Submission(future_release_messages=2)) as port:

        def send(client: smtplib.SMTP) -> None:
            for _ in range(2):
                refusals(client.sendmail(ALICE, ["bob@example.test"], OWN, ["HOLDFOR=60"]))
            with refused(552, b"5.7.16"):
                client.sendmail(ALICE, ["bob@example.test"], OWN, ["HOLDFOR=60"])
            refusals(client.sendmail(ALICE, ["bob@example.test"], OWN))

        await port.talk(send)
        port.world.clock.advance(60)
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], OWN, ["HOLDFOR=60"])))


async def test_what_is_scheduled_waits_while_its_account_is_suspended_and_then_goes(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        world, admin = port.world, port.world.admin

        def send(client: smtplib.SMTP) -> None:
            to = ["bob@example.test", "x@example.net"]
            refusals(client.sendmail(ALICE, to, OWN, ["HOLDFOR=60"]))

        await port.talk(send)
        await admin.accounts.suspend(ALICE, ACTOR)
        world.clock.advance(3600)
        assert await port.outside.local.run_once() == await port.outside.courier.run_once() == 0
        shown = await admin.queue.list(Wanted())
        assert {(each.state, each.reason, each.due_at_ms) for each in shown} == {("held", "account_suspended", None)}
        assert all("suspended" in each.why for each in shown)
        await admin.queue.release(Wanted(), ACTOR)  # "all" is what administrators hold
        assert await port.outside.local.run_once() == 0
        await admin.accounts.resume(ALICE, ACTOR)
        assert await port.outside.local.run_once() == await port.outside.courier.run_once() == 1
        assert len(await world.inbox("bob")) == 1
        told = [event for event in world.events.events if isinstance(event, ScheduledMailHeld)]
        assert [(each.account_name, each.reason, each.count) for each in told] == [
            (ALICE, "account_suspended", 2),
            (ALICE, "", 2),
        ]


async def test_an_administrator_may_let_one_of_them_go(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        admin = port.world.admin
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], OWN, ["HOLDFOR=60"])))
        await admin.accounts.suspend(ALICE, ACTOR)
        port.world.clock.advance(60)
        (waiting,) = await admin.queue.list(Wanted())
        assert (await admin.queue.release(Wanted(id=waiting.id), ACTOR)).recipients == 1
        assert await port.outside.local.run_once() == 1


async def test_where_nothing_may_wait_it_is_not_offered(tmp_path: Path) -> None:
    async with listening(tmp_path, Submission(future_release_s=0)) as port:

        def send(client: smtplib.SMTP) -> None:
            assert not client.has_extn("futurerelease")
            with refused(555):
                client.sendmail(ALICE, ["bob@example.test"], OWN, ["HOLDFOR=60"])

        await port.talk(send)


async def test_who_may_claim_more_is_told_what_he_has_and_others_less(tmp_path: Path) -> None:
    """RFC 6710 4.1."""
    rights = (PriorityRight(address="Alice@example.test", max=6),)
    async with listening(tmp_path, Submission(priority_max=2, priority_rights=rights)) as port:

        def send(client: smtplib.SMTP) -> None:
            assert client.mail(ALICE, ["MT-PRIORITY=7"]) == (
                250,
                b"2.3.6 6 is the new priority assigned to the message",
            )
            client.rset()
            assert client.mail(ALICE, ["MT-PRIORITY=6"]) == (250, b"2.1.0 Sender OK, priority 6")
            client.rset()
            client.mail(ALICE)
            client.rcpt("bob@example.test")
            code, text = client.data(b"MT-Priority: 9\r\n" + OWN)
            assert (code, text.partition(b", accepted ")[0]) == (
                250,
                b"2.3.6 6 is the new priority assigned to the message",
            )
            client.mail(ALICE, ["MT-PRIORITY=-1"])
            client.rcpt("bob@example.test")
            assert client.data(b"MT-Priority: 9\r\n" + OWN)[1].startswith(b"2.6.0 Accepted")

        await port.talk(send)
        first, second = await port.world.inbox("bob")
        assert b" PRIORITY 6; " in first
        assert b" PRIORITY -1; " in second
        assert b"MT-Priority" not in first + second
        received = [event for event in port.world.events.events if isinstance(event, MessageReceived)]
        assert [event.priority for event in received] == [0, -1]
