import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from skrytka.model import reply as replies
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import BugCaught, CommandRefused, MessageRefused, RecipientRefused, SessionClosed
from skrytka.model.ids import id_text
from skrytka.model.limits import SmtpLimits
from skrytka.model.verdict import Action, Verdict
from tests.support.mx import BugError, Mx, Peer, mx
from tests.unit.net.harness import make_store

Scene = Callable[[Mx, Peer], Awaitable[None]]
BODY = b"Subject: hi\r\n\r\ntext\r\n"


def play(scene: Scene, limits: SmtpLimits | None = None, tls: Path | None = None) -> None:
    async def main() -> None:
        async with mx(limits, tls=make_store(tls) if tls else None) as served:
            await scene(served, await served.connect())

    asyncio.run(main())


async def send_message(peer: Peer, body: bytes = BODY) -> str:
    await peer.open()
    assert (await peer.ask("DATA")).startswith("354 ")
    await peer.say(body + b".\r\n")
    return await peer.reply()


@pytest.mark.parametrize(("exempt", "is_proven"), [(("127.0.0.1/32",), True), ((), False)])
def test_only_our_own_relays_prove_a_reverse_path(exempt: tuple[str, ...], is_proven: bool) -> None:
    async def main() -> None:
        async with mx(exempt=exempt) as served:
            await send_message(await served.connect())
            assert served.delivery.delivered[0][0].is_proven is is_proven

    asyncio.run(main())


# -- a message --------------------------------------------------------------------------------------------------------


def test_a_message_is_delivered_and_its_trace_id_told() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        answer = await send_message(peer)
        (facts, names, octets) = served.delivery.delivered[0]
        assert answer == f"250 2.6.0 Accepted {id_text(facts.trace)}"
        assert (names, octets) == (("bob@example.test",), BODY)
        assert str(facts.reverse_path) == "a@example.org"
        assert facts.helo.name == "client.example.org"
        assert (facts.protocol, facts.tls, facts.remote) == ("ESMTP", "", "127.0.0.1")
        assert facts.received_at_ms == served.world.clock.now_ms()

    play(scene)


def test_the_protocol_says_how_the_message_came(tmp_path: Path) -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.reply()
        await peer.ask("EHLO client.example.org")
        await peer.ask("STARTTLS")
        await peer.start_tls()
        await peer.ask("EHLO client.example.org")
        await peer.say(b"MAIL FROM:<a@example.org> SMTPUTF8\r\nRCPT TO:<bob@example.test>\r\nBDAT 1 LAST\r\na")
        assert [(await peer.reply())[:3] for _ in range(3)] == ["250", "250", "250"]
        facts = served.delivery.delivered[0][0]
        assert facts.protocol == "UTF8SMTPS"
        assert facts.tls.startswith("TLSv1.")
        assert facts.is_smtputf8

    play(scene, tls=tmp_path)


def test_helo_is_smtp() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.reply()
        await peer.say(b"HELO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n")
        assert [(await peer.reply())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        await peer.say(b".\r\n")
        await peer.reply()
        assert served.delivery.delivered[0][0].protocol == "SMTP"

    play(scene)


def test_a_large_message_comes_whole_and_in_pieces() -> None:
    body = b"Subject: large\r\n\r\n" + b"0123456789" * 7 * 30_000 + b"\r\n"
    lines = b"\r\n".join(body[index : index + 900] for index in range(0, len(body), 900)) + b"\r\n"

    async def scene(served: Mx, peer: Peer) -> None:
        assert (await send_message(peer, lines)).startswith("250 ")
        assert served.delivery.delivered[0][2] == lines
        assert len(served.delivery.messages) == 1

    play(scene)


def test_size_is_told_to_the_quota() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.reply()
        await peer.say(b"EHLO a.example\r\nMAIL FROM:<> SIZE=77\r\nRCPT TO:<bob@example.test>\r\n")
        assert [(await peer.reply())[:3] for _ in range(3)] == ["250", "250", "250"]
        assert served.recipients.asked == [("bob@example.test", 77)]

    play(scene)


def test_each_message_has_its_own_trace() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await send_message(peer)
        served.world.clock.advance(1)
        await peer.say(b"MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 0 LAST\r\n")
        assert [(await peer.reply())[:3] for _ in range(3)] == ["250", "250", "250"]
        first, second = (facts.trace for facts, _, _ in served.delivery.delivered)
        assert first != second

    play(scene)


# -- refusals and their events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("nobody", 550, "no_such_user"),
        ("full", 452, "over_quota"),
        ("off", 550, "account_suspended"),
        ("down", 451, "store_down"),
        ("bug", 451, "bug"),
    ],
)
def test_a_refused_recipient_is_an_event(name: str, code: int, reason: str) -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.open()
        answer = await peer.ask(f"RCPT TO:<{name}@example.test>")
        assert answer.startswith(f"{code} ")
        assert "secret" not in answer
        (event,) = served.recorder.of(RecipientRefused)
        assert (event.recipient, event.code, event.reason) == (f"{name}@example.test", code, reason)
        assert event.reverse_path == "a@example.org"
        assert event.trace is not None
        assert len(served.recorder.of(BugCaught)) == (name == "bug")

    play(scene)


def test_a_message_refused_by_its_form_is_an_event_and_given_back() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        answer = await send_message(peer, b"a\nb\r\n")
        (event,) = served.recorder.of(MessageRefused)
        assert event.trace is not None
        assert answer.startswith("550 5.6.11 ")
        assert id_text(event.trace) in answer
        assert (event.reason, event.code, event.recipients) == ("bare_newline", 550, ("bob@example.test",))
        assert served.delivery.delivered == []
        assert all(message.is_aborted for message in served.delivery.messages)
        assert (await peer.ask("NOOP")).startswith("250 ")

    play(scene)


def test_a_verdict_is_told_as_it_is() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        served.delivery.verdict = Verdict(Action.REJECT, replies.MAIL_LOOP, Reason.MAIL_LOOP)
        assert (await send_message(peer)).startswith("554 5.4.6 Mail loop: too many Received fields (trace ")

    play(scene)


@pytest.mark.parametrize(
    ("error", "answer", "reason"),
    [
        (TransientError(Reason.STORE_BUSY, "secret"), "451 4.3.0 ", "store_busy"),
        (TransientError(Reason.DISK_FULL, "secret"), "452 4.3.1 ", "disk_full"),
        (PermanentError(Reason.NOT_PERMITTED, "secret"), "550 5.7.1 ", "not_permitted"),
        (BugError("secret"), "451 4.3.0 ", "bug"),
        (TimeoutError(), "451 4.3.0 ", "timeout"),
    ],
)
def test_an_error_says_whether_waiting_helps(error: Exception, answer: str, reason: str) -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        served.delivery.error = error
        said = await send_message(peer)
        assert said.startswith(answer)
        assert "secret" not in said
        (event,) = served.recorder.of(MessageRefused)
        assert event.reason == reason
        assert [bug.error for bug in served.recorder.of(BugCaught)] == (["BugError"] if reason == "bug" else [])
        assert all(message.is_aborted for message in served.delivery.messages)
        served.delivery.error = None
        await peer.say(b"MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 0 LAST\r\n")
        assert [(await peer.reply())[:3] for _ in range(3)] == ["250", "250", "250"]

    play(scene)


def test_a_decision_that_takes_too_long_is_451() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        def a_minute_passes() -> None:
            asyncio.get_running_loop().call_soon(served.world.late, 60.0)

        served.delivery.while_hanging = a_minute_passes
        assert (await send_message(peer)).startswith("451 ")
        (event,) = served.recorder.of(MessageRefused)
        assert event.reason == "timeout"

    play(scene)


def test_a_full_disk_swallows_the_message_and_says_452() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        served.delivery.fails_at = 10
        assert (await send_message(peer, b"0123456789" * 1000 + b"\r\n")).startswith("452 4.3.1 ")
        assert (await peer.ask("NOOP")).startswith("250 ")

    play(scene)


def test_a_full_disk_fails_the_chunk_and_those_behind_it() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        served.delivery.fails_at = 2
        await peer.open()
        await peer.say(b"BDAT 3\r\nabcBDAT 3 LAST\r\ndefRSET\r\n")
        assert [(await peer.reply())[:3] for _ in range(3)] == ["452", "503", "250"]
        (event,) = served.recorder.of(MessageRefused)
        assert event.reason == "disk_full"
        assert all(message.is_aborted for message in served.delivery.messages)

    play(scene)


def test_a_refused_command_is_an_event_without_its_text() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.reply()
        await peer.ask("BEEP secret")
        (event,) = served.recorder.of(CommandRefused)
        assert (event.code, event.enhanced) == (500, "5.5.2")
        assert "secret" not in repr(event)

    play(scene)


# -- the ends ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["", "DATA\r\ntext", "BDAT 100\r\ntext"])
def test_a_peer_that_leaves_in_the_middle_leaves_nothing(last: str) -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.open()
        await peer.say(last.encode())
        if last:
            await served.world.until(lambda: served.delivery.messages)
        await peer.close()
        await served.world.until(lambda: served.recorder.of(SessionClosed))
        assert served.delivery.delivered == []
        assert all(message.is_aborted for message in served.delivery.messages)
        assert len(served.delivery.messages) == bool(last)

    play(scene)


@pytest.mark.parametrize(("state", "seconds"), [("command", 300.0), ("data", 180.0)])
def test_a_silent_peer_is_sent_away(state: str, seconds: float) -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.open()
        if state == "data":
            await peer.ask("DATA")
        served.world.late(seconds - 1)
        assert not served.recorder.of(SessionClosed)
        served.world.late(2)
        assert await peer.hear() == "421 4.4.2 Timed out waiting for you"
        assert await peer.hear() == ""
        await peer.close()
        await served.world.until(lambda: served.recorder.of(SessionClosed))
        assert served.recorder.of(SessionClosed)[0].cause == "timeout"

    play(scene)


def test_a_session_has_an_end_however_busy() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.open()
        for _ in range(3):
            served.world.late(100)
            assert (await peer.ask("NOOP")).startswith("250 ")
        served.world.late(150)
        assert (await peer.hear()).startswith("421 4.4.2 ")

    play(scene, SmtpLimits(session_s=400.0))


def test_drain_ends_an_idle_session_at_once() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.reply()
        await peer.ask("EHLO client.example.org")
        served.world.listener.stop(100.0)
        assert await peer.hear() == "421 4.3.2 Service is restarting, try again soon"
        assert await peer.hear() == ""

    play(scene)


def test_drain_lets_a_transaction_finish() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.open()
        served.world.listener.stop(100.0)
        assert (await peer.ask("RCPT TO:<alice@example.test>")).startswith("250 ")
        assert (await peer.ask("DATA")).startswith("354 ")
        await peer.say(b"text\r\n.\r\nMAIL FROM:<>\r\n")
        assert (await peer.hear()).startswith("250 2.6.0 Accepted ")
        assert (await peer.hear()).startswith("421 4.3.2 ")
        assert len(served.delivery.delivered) == 1

    play(scene)


def test_the_session_event_counts_messages_and_errors() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await send_message(peer)
        await peer.ask("BEEP")
        await peer.ask("QUIT")
        assert await peer.hear() == ""
        await peer.close()
        await served.world.until(lambda: served.recorder.of(SessionClosed))
        closed = served.recorder.of(SessionClosed)[0]
        assert (closed.cause, closed.messages, closed.errors) == ("quit", 1, 1)

    play(scene)


def test_too_many_errors_end_the_session() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.reply()
        await peer.say(b"BEEP\r\nBEEP\r\nBEEP\r\n")
        assert [(await peer.hear())[:3] for _ in range(4)] == ["500", "500", "421", ""]
        await peer.close()
        await served.world.until(lambda: served.recorder.of(SessionClosed))
        assert served.recorder.of(SessionClosed)[0].cause == "error"

    play(scene, SmtpLimits(errors=2))


def test_port_25_never_offers_auth() -> None:
    async def scene(served: Mx, peer: Peer) -> None:
        await peer.reply()
        await peer.say(b"EHLO client.example.org\r\n")
        lines = [await peer.hear()]
        while lines[-1][3] == "-":
            lines.append(await peer.hear())
        assert not any("AUTH" in line or "STARTTLS" in line for line in lines)
        assert (await peer.ask("AUTH PLAIN")).startswith("502 ")

    play(scene)
