import asyncio
import gc
import ssl
import sys
from pathlib import Path

import pytest

from skrytka.model.events import BugCaught
from skrytka.model.ids import TraceId, parse_id
from skrytka.net.bugs import bug_caught, loop_handler, unraisable_hook
from skrytka.net.tls_pipe import TlsPipe
from tests.unit.net.harness import Recorder, Run, client_context, make_store


def caught() -> BaseException:
    with pytest.raises(ValueError) as info:  # noqa: PT011 - whatever it says, it must not get out
        parse_id("peer's secret data")
    return info.value


def test_a_bug_names_our_innermost_line_and_its_kind_and_nothing_of_the_data() -> None:
    event = bug_caught(caught(), TraceId(bytes(16)))
    module, function, line = event.where.split(":")
    assert (module, function) == ("skrytka.model.ids", "parse_id")
    assert int(line) > 0
    assert event.error == "ValueError"
    assert event.trace == bytes(16)
    assert "secret" not in repr(event)


def test_a_bug_that_was_never_raised_has_no_place() -> None:
    assert bug_caught(KeyError("x")).where == "?"


def test_what_fails_in_a_callback_of_the_loop_is_an_event(run: Run) -> None:
    recorder = Recorder()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(loop_handler(recorder))
        loop.call_soon(parse_id, "peer's secret data")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        loop.call_exception_handler({"message": "peer's secret data"})

    run(main())
    assert [(bug.error, "secret" in repr(bug)) for bug in recorder.of(BugCaught)] == [
        ("ValueError", False),
        ("Warning", False),
    ]


def test_a_server_name_that_is_not_ascii_is_refused_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(sys, "unraisablehook", unraisable_hook(recorder))
    near = TlsPipe(make_store(tmp_path).server_context(), is_server=True)
    far = TlsPipe(client_context(), is_server=False, server_hostname="localhost")
    far.handshake(b"")
    with pytest.raises(ssl.SSLError):
        near.handshake(far.output().replace(b"localhost", b"loc\xff\x1bhost"))
    assert recorder.events == []
    assert capfd.readouterr().err == ""


def test_what_fails_in_a_destructor_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __del__(self) -> None:
            parse_id("peer's secret data")

    recorder = Recorder()
    monkeypatch.setattr(sys, "unraisablehook", unraisable_hook(recorder))
    Failing()
    gc.collect()
    assert [bug.error for bug in recorder.of(BugCaught)] == ["ValueError"]
