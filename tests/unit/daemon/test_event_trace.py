import asyncio
from pathlib import Path

import pytest

from skrytka.daemon.event_log import open_event_log
from skrytka.daemon.event_trace import EventTrace, is_address, is_trace
from skrytka.daemon.layout import Layout
from skrytka.mail.identity.login import hidden_name
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import LoginFailed, MessageRefused
from skrytka.model.ids import TraceId, id_text
from skrytka.model.secret import Secret
from skrytka.store.system import SystemRandom

TRACE = TraceId(bytes(range(16)))


@pytest.fixture
async def trace(tmp_path: Path) -> EventTrace:
    layout = Layout(tmp_path)
    layout.events.mkdir()
    log = open_event_log(layout, "front-0", FixedClock(), SystemRandom())
    log.emit(
        MessageRefused(
            trace=TRACE,
            remote="192.0.2.1",
            reverse_path="a@example.net",
            recipients=("Bob@example.test",),
            reason="mail_loop",
            code=554,
        )
    )
    await log.flush()
    return EventTrace(layout, Secret(bytes(32)))


@pytest.mark.parametrize("what", [id_text(TRACE), id_text(TRACE).lower(), "bob@example.test", "a@EXAMPLE.net"])
async def test_a_message_is_found_by_its_trace_and_by_every_address(trace: EventTrace, what: str) -> None:
    (found,) = await trace(what)
    assert found.kind == "message_refused"
    assert found.fields["code"] == 554


async def test_logins_that_were_refused_unread_are_found_by_the_address_they_named(
    trace: EventTrace, tmp_path: Path
) -> None:
    log = open_event_log(Layout(tmp_path), "front-0", FixedClock(), SystemRandom())
    hidden = hidden_name(Secret(bytes(32)), "bob@example.test")
    for name, reason in (("bob@example.test", "bad_credentials"), (hidden, "rate_limited"), ("?0123", "rate_limited")):
        log.emit(LoginFailed(name=name, remote="192.0.2.1", service="imaps", mechanism="PLAIN", reason=reason))
    await log.flush()
    found = [event for event in await trace("BOB@example.test") if event.kind == "login_failed"]
    assert sorted(event.fields["reason"] for event in found) == ["bad_credentials", "rate_limited"]
    assert {event.fields["name"] for event in found} == {"bob@example.test"}


async def test_who_asks_at_once_sees_what_a_running_server_writes_down_a_moment_later(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.events.mkdir()
    log = open_event_log(layout, "front-0", FixedClock(), SystemRandom())
    asked = asyncio.ensure_future(EventTrace(layout, Secret(bytes(32)), settles_s=0.5)("bob@example.test"))
    await asyncio.sleep(0)
    log.emit(LoginFailed(name="bob@example.test", remote="::1", service="imaps", mechanism="PLAIN", reason="x"))
    await log.flush()
    assert [event.kind for event in await asked] == ["login_failed"]


async def test_what_is_not_known_is_nothing(trace: EventTrace) -> None:
    assert await trace("carol@example.test") == []


@pytest.mark.parametrize("what", ["", "bob", "x" * 26, "0" * 25, "@"])
async def test_what_is_neither_is_refused(trace: EventTrace, what: str) -> None:
    with pytest.raises(PermanentError) as caught:
        await trace(what)
    assert caught.value.reason is Reason.BAD_SYNTAX


def test_an_id_is_no_address() -> None:
    assert is_trace(id_text(TRACE))
    assert not is_address(id_text(TRACE))
