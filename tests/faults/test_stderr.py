"""Standard output and error that are closed, that end, or that nobody reads: the server serves all the same."""

import contextlib
import os
import signal
import smtplib
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.demo import COMMAND, Demo, prepared
from tests.support.faults.imap import until
from tests.support.processes import tree, words


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return prepared(tmp_path_factory.mktemp("stderr") / "demo")


@contextlib.contextmanager
def serving(demo: Demo, stderr: int, prefix: tuple[str, ...] = ()) -> Iterator["subprocess.Popen[bytes]"]:
    """Without a word: whether it serves shows at its ports."""
    command = [*prefix, *COMMAND, "serve", "--dir", str(demo.root)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
    )
    try:
        until(lambda: answers(demo) and process.poll() is None, "it serves")
        yield process
        process.terminate()
        assert process.wait(40) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(demo: Demo) -> bool:
    """A command would do without the server, until that has the lock."""
    with contextlib.suppress(OSError, smtplib.SMTPException), demo.smtp() as session:
        return session.noop()[0] == 250
    return False


def fronts(process: "subprocess.Popen[bytes]") -> list[int]:
    found = []
    for pid, known in tree(process.pid).items():
        with contextlib.suppress(OSError):
            if known.parent == process.pid and any(word.startswith("front-") for word in words(pid)):
                found.append(pid)
    return found


def is_served(demo: Demo, process: "subprocess.Popen[bytes]", subject: bytes) -> None:
    """Also after a child was killed, which is told on standard error."""
    for pid in fronts(process):
        os.kill(pid, signal.SIGKILL)
        os.kill(process.pid, signal.SIGHUP)
        until(lambda pid=pid: len(set(fronts(process)) - {pid}) == 2, "there is another")  # type: ignore[misc]
    until(lambda: answers(demo), "it works")
    demo.send("alice@example.test", b"Subject: " + subject + b"\r\n\r\nx\r\n")
    assert any(b"Subject: " + subject in text for text in demo.messages("alice"))


def test_a_pipe_that_is_full_holds_up_nothing(made: Demo) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(1))
    os.set_blocking(writer, True)
    with serving(made, writer) as process:
        os.close(writer)
        is_served(made, process, b"full")
    os.close(reader)


def test_a_reader_that_has_gone_ends_nothing(made: Demo) -> None:
    reader, writer = os.pipe()
    with serving(made, writer) as process:
        os.close(writer)
        os.close(reader)
        is_served(made, process, b"gone")


def test_standard_streams_that_were_closed_are_no_files_of_the_server(made: Demo) -> None:
    with serving(made, subprocess.DEVNULL, ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")) as process:
        is_served(made, process, b"closed")
        for pid in (process.pid, *fronts(process)):
            for fd in (0, 1, 2):
                assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null"
    assert made.run("store", "check").returncode == 0
