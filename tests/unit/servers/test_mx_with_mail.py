"""The session with the real delivery behind it and Python's smtplib before it."""

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import MessageDelivered, MessageReceived
from skrytka.model.ids import id_text
from skrytka.model.limits import SmtpLimits
from skrytka.servers.mx import serve_mx
from skrytka.servers.mx_deps import MxDeps
from skrytka.store.commands.deliver import Deliver
from tests.unit.mail.world import HOSTNAME, MESSAGE, World, fails
from tests.unit.net.harness import client_context, make_store, serving

Talk = Callable[[smtplib.SMTP], None]


@contextlib.asynccontextmanager
async def mail_world(folder: Path) -> AsyncIterator[World]:
    world = World(folder / "mail")
    await world.ready()
    yield world
    await world.close()


@contextlib.asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[World, Callable[[Talk], "asyncio.Future[None]"]]]:
    """The world, and how to talk to it from a thread."""
    async with mail_world(folder) as world:
        deps = MxDeps(
            recipients=world.directory,
            delivery=world.delivery,
            events=world.events,
            clock=world.clock,
            random=world.random,
            limits=SmtpLimits(),
            hostname=HOSTNAME,
        )
        async with serving(lambda conn: serve_mx(conn, deps), tls=make_store(folder)) as net:

            def conversation(talk: Talk) -> None:
                with smtplib.SMTP("127.0.0.1", net.port, "client.example.org", timeout=10) as client:
                    talk(client)

            loop = asyncio.get_running_loop()
            yield world, lambda talk: loop.run_in_executor(None, conversation, talk)


async def test_mail_from_smtplib_is_in_the_mailbox(tmp_path: Path) -> None:
    async with listening(tmp_path) as (world, talk):
        await talk(lambda client: _send(client, MESSAGE))
        (content,) = await world.inbox()
        assert content.endswith(MESSAGE)
        assert b"Received: from client.example.org ([127.0.0.1])\r\n\tby mx.example.test with ESMTP id " in content
        received = [event for event in world.events.events if isinstance(event, MessageReceived)]
        delivered = [event for event in world.events.events if isinstance(event, MessageDelivered)]
        assert [event.trace for event in received] == [event.trace for event in delivered]
        assert received[0].trace is not None
        assert id_text(received[0].trace).encode() in content


async def test_mail_under_tls_says_so(tmp_path: Path) -> None:
    def talk_tls(client: smtplib.SMTP) -> None:
        client.starttls(context=client_context())
        _send(client, MESSAGE)

    async with listening(tmp_path) as (world, talk):
        await talk(talk_tls)
        (content,) = await world.inbox()
        assert b" with ESMTPS " in content


@pytest.mark.parametrize("size", [0, 1000, 255 * 1024, 700 * 1024])
async def test_a_message_comes_out_as_it_went_in_at_any_size(tmp_path: Path, size: int) -> None:
    line = b".dots and text \xc5\xbc " * 4 + b"\r\n"
    body = MESSAGE + b"..\r\n" + line * (size // len(line))
    async with listening(tmp_path) as (world, talk):
        await talk(lambda client: _send(client, body))
        (content,) = await world.inbox()
        assert content.endswith(body)
        assert list((world.root / "spool").glob("*")) == []


async def test_two_recipients_get_a_copy_each_and_the_third_is_refused(tmp_path: Path) -> None:
    refused: list[dict[str, tuple[int, bytes]]] = []

    def talk_to_three(client: smtplib.SMTP) -> None:
        names = ["alice@example.test", "nobody@example.test", "bob+tag@example.test"]
        refused.append(client.sendmail("a@example.org", names, MESSAGE))

    async with listening(tmp_path) as (world, talk):
        await talk(talk_to_three)
        assert [code for code, _ in refused[0].values()] == [550]
        assert len(await world.inbox("alice")) == len(await world.inbox("bob")) == 1


async def test_bare_postmaster_reaches_somebody(tmp_path: Path) -> None:
    async with listening(tmp_path) as (world, talk):
        await talk(lambda client: _send(client, MESSAGE, "postmaster"))
        assert len(await world.inbox("admin")) == 1


async def test_the_store_that_is_down_is_451_and_nothing_is_kept(tmp_path: Path) -> None:
    codes: list[int] = []

    def talk_refused(client: smtplib.SMTP) -> None:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            _send(client, MESSAGE)
        codes.append(caught.value.smtp_code)
        _send(client, MESSAGE)

    async with listening(tmp_path) as (world, talk):
        world.store.failures[Deliver] = fails(TransientError(Reason.STORE_DOWN))
        await talk(talk_refused)
        assert codes == [451]
        assert len(await world.inbox()) == 1


def _send(client: smtplib.SMTP, message: bytes, recipient: str = "alice@example.test") -> None:
    assert client.sendmail("a@example.org", [recipient], message) == {}


async def test_a_rewritten_reverse_path_takes_reports_and_nothing_else(tmp_path: Path) -> None:
    async with listening(tmp_path) as (world, talk):
        path = await world.rewriting.rewritten(ReversePath(Address.parse("bob@example.net")), Domain("example.test"))
        made = str(path)
        codes: list[int] = []

        def conversation(client: smtplib.SMTP) -> None:
            client.ehlo()
            for sender, recipient in (
                ("", made),
                ("x@example.net", made),
                ("", made.replace("bob", "eve")),
                ("", "SRS0=aaaaaaaaaa=aa=example.net=bob@example.test"),
                ("", made.replace("example.test", "example.net")),
            ):
                client.mail(sender)
                codes.append(client.rcpt(recipient)[0])
                client.rset()

        await talk(conversation)
        assert codes == [250, 550, 550, 550, 550]
        world.clock.advance(22 * 86_400)
        assert (await world.directory.resolve(Address.parse(made))).verdict.reason is Reason.NO_SUCH_USER
