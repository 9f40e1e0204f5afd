"""What an account's own control and delegations mean in submission, with the real directory."""

import asyncio
import smtplib
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from skrytka.mail.admin.access import ControlInfo
from skrytka.model.actor import LOCAL_ROOT
from skrytka.model.events import LoginFailed, SendingLimited
from tests.unit.mail.world import ACTOR
from tests.unit.servers.test_submission import ALICE, OWN, Port, listening, refusals, refused

BOB = "bob@example.test"
T = TypeVar("T")


async def control(port: Port, wanted: ControlInfo) -> None:
    await port.world.admin.access.set_control(ALICE, wanted, LOCAL_ROOT)
    await asyncio.sleep(0)


async def test_named_senders_are_used_in_both_places_and_no_others(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await control(port, ControlInfo(senders=("news-*@example.test",)))
        news = OWN.replace(ALICE.encode(), b"news-7@example.test")

        def talk(client: smtplib.SMTP) -> None:
            refusals(client.sendmail("news-7@example.test", [BOB], news))
            with refused(550):
                client.sendmail("news-7@example.test", [BOB], OWN)
            with refused(550):
                client.sendmail(ALICE, [BOB], OWN)

        await port.talk(talk)
        assert len(await port.world.inbox("bob")) == 1


async def test_an_accounts_own_limit_comes_before_that_of_settings(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await control(port, ControlInfo(messages_per_hour=1))

        def talk(client: smtplib.SMTP) -> None:
            refusals(client.sendmail(ALICE, [BOB], OWN))
            with refused(452):
                client.sendmail(ALICE, [BOB], OWN)

        await port.talk(talk)
        (told,) = [event for event in port.world.events.events if isinstance(event, SendingLimited)]
        assert (told.limit, told.most) == ("messages_per_hour", 1)


async def test_somebody_writes_on_behalf_of_another_with_a_sender_of_his_own(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await port.world.admin.access.delegate(BOB, ALICE, "on_behalf", ACTOR)
        await asyncio.sleep(0)
        plain = OWN.replace(ALICE.encode(), BOB.encode())
        with_sender = plain.replace(b"From:", b"Sender: alice@example.test\r\nFrom:", 1)

        def talk(client: smtplib.SMTP) -> None:
            refusals(client.sendmail(ALICE, [BOB], with_sender))
            with refused(550):
                client.sendmail(ALICE, [BOB], plain)
            with refused(550):
                client.sendmail(BOB, [BOB], with_sender)
            with refused(550):
                client.sendmail(ALICE, [BOB], with_sender.replace(b"Sender: alice", b"Sender: bob"))

        await port.talk(talk)
        (copy,) = await port.world.inbox("bob")
        assert b"\r\nSender: alice@example.test\r\n" in copy


async def test_somebody_writes_as_another_until_he_may_no_more(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await port.world.admin.access.delegate(BOB, ALICE, "send_as", ACTOR)
        await asyncio.sleep(0)
        message, loop = OWN.replace(ALICE.encode(), BOB.encode()), asyncio.get_running_loop()

        def wait(work: Awaitable[T]) -> T:
            async def done() -> T:
                return await work

            return asyncio.run_coroutine_threadsafe(done(), loop).result(60)

        def talk(client: smtplib.SMTP) -> None:
            refusals(client.sendmail(BOB, [BOB], message))
            wait(port.world.admin.access.undelegate(BOB, ALICE, "send_as", ACTOR))
            with refused(550):
                client.sendmail(BOB, [BOB], message)

        await port.talk(talk)
        assert len(await port.world.inbox("bob")) == 1


async def test_a_service_that_an_account_may_not_use_is_refused_and_the_event_says_why(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await control(port, ControlInfo(services=("imap",)))
        with refused(535):
            await port.talk(lambda _client: None)
        event = port.world.events.events[-1]
        assert isinstance(event, LoginFailed)
        assert event.reason == "not_permitted"
