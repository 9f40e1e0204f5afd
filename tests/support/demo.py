"""A running demo for tests, as an outsider sees it: a command, a folder, ports, ``demo.json``."""

import atexit
import contextlib
import imaplib
import json
import os
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Self

from skrytka.daemon import demo as daemon
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import processes
from tests.support.ports import free_base, is_listening

READY_S = 90.0  # a start takes 2 s of the processor, which may have ten others to serve
END_S = 40.0
COMMAND = [sys.executable, "-m", "skrytka.cli.main"]


def prepared(root: Path) -> "Demo":
    """A demo that has never run, on free ports: made without a start, with the keys and passwords of all of them."""
    shutil.copytree(_template(), root)
    _make(root, free_base(daemon.STANDARD_PORTS.values()))
    return Demo(root)


@cache
def _template() -> Path:
    """Made once a process: keys and hashes of passwords take half a second of the processor."""
    folder = Path(tempfile.mkdtemp(prefix="skrytka-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _make(folder / "demo", None)
    return folder / "demo"


def _make(root: Path, port_base: int | None) -> None:
    with ThreadPoolExecutor(1) as thread:  # it has a loop of its own, and so may the test have
        thread.submit(daemon.make, root, port_base, SystemClock(), SystemRandom()).result()


class Demo:
    """``with Demo() as demo:``. On leaving it is sent SIGTERM, must exit 0 and leave no process behind.

    A folder that is not there is :func:`prepared`; ``is_new``: ``skrytka demo`` makes it, with keys of its own.
    """

    def __init__(
        self, root: Path | None = None, *, arguments: Sequence[str] | None = None, is_new: bool = False
    ) -> None:
        self._own = tempfile.TemporaryDirectory(prefix="skrytka-demo-") if root is None else None
        self.root = Path(self._own.name) / "demo" if self._own is not None else root or Path()
        self._arguments = arguments
        self._is_new = is_new
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._errors: list[str] = []
        self._news = threading.Condition()

    # -- its life -------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.abandon()
            raise
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is not None:
            self.abandon()
            return
        try:
            assert self.stop() == 0, self.output
        finally:
            self.abandon()

    def start(self) -> None:
        """Start it and wait for ``ready``; the ports of a folder that is there already stay."""
        arguments = self._command() if self._arguments is None else self._arguments
        self._lines.clear()
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for stream, lines in ((self._process.stdout, self._lines), (self._process.stderr, self._errors)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()
        try:
            self.wait_for(lambda: any(line.startswith("ready") for line in self._lines), READY_S)
        except BaseException:
            self.abandon()
            raise

    def _command(self) -> list[str]:
        if not self._is_new:
            if not self.root.exists():
                prepared(self.root)
            return ["serve", "--dir", str(self.root)]  # what the command becomes when all is made
        command = ["demo", "--dir", str(self.root)]
        if not (self.root / "demo.json").exists():
            command += ["--port-base", str(free_base(daemon.STANDARD_PORTS.values()))]
        return command

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._news:
                lines.append(line.rstrip("\n"))
                self._news.notify_all()
        stream.close()

    def wait_for(self, is_so: Any, seconds: float) -> None:
        """Until what it printed makes ``is_so()`` true; AssertionError with the output when it ends or takes longer."""
        end = time.monotonic() + seconds
        with self._news:
            while not is_so():
                assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.output}"
                assert time.monotonic() < end, f"not within {seconds} s:\n{self.output}"
                self._news.wait(0.1)

    def stop(self, number: int = signal.SIGTERM, *, to_group: bool = False) -> int:
        """Send the signal; the exit status. No process of it is left."""
        pids = self.pids()
        (os.killpg if to_group else os.kill)(self.process.pid, number)
        status = self.process.wait(END_S)
        assert not self.living(pids), "processes are left"
        return status

    def abandon(self) -> None:
        """End whatever is left; remove the folder if it is ours."""
        if self._process is not None and self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(END_S)
        if self._own is not None:
            with contextlib.suppress(FileNotFoundError):
                self._own.cleanup()

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None
        return self._process

    @property
    def output(self) -> str:
        return "\n".join([*self._lines, *self._errors])

    @property
    def errors(self) -> list[str]:
        """Lines of standard error."""
        return self._errors

    def pids(self) -> dict[str, int]:
        """Living processes of its group by name: "supervisor", "store", "front-0", "zygote", "inspector-4711"..."""
        found = {}
        for pid, known in processes.group(self.process.pid).items():
            with contextlib.suppress(OSError):
                found[self._name(processes.words(pid), pid, known.parent)] = pid
        return found

    def _name(self, words: list[str], pid: int, parent: int) -> str:
        if "skrytka.inspect.zygote" in words:
            return "zygote" if parent == self.process.pid else f"inspector-{pid}"
        if "skrytka.daemon.child" in words:
            return words[words.index("skrytka.daemon.child") + 1]
        return "supervisor"

    @staticmethod
    def living(pids: dict[str, int]) -> dict[str, int]:
        """Those that are there still; a zombie is not."""
        found = {}
        for name, pid in pids.items():
            with contextlib.suppress(OSError):
                if processes.stat(pid).state != "Z":
                    found[name] = pid
        return found

    # -- what it says of itself -----------------------------------------------------------------------------------

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.root / "demo.json").read_text())
        return facts

    def port(self, service: str) -> int:
        return int(self.facts["ports"][service])

    def password(self, name: str) -> str:
        return str(self.facts["accounts"][f"{name}@example.test"])

    def tls(self) -> ssl.SSLContext:
        """Trusts the demo's authority and nothing else."""
        return ssl.create_default_context(cafile=self.facts["ca"])

    # -- using it -------------------------------------------------------------------------------------------------

    def smtp(self, *, source: str = "127.0.0.1") -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port("smtp"), timeout=20, source_address=(source, 0))

    def send(self, recipient: str, message: bytes, *, sender: str = "someone@example.net") -> None:
        """One message on port 25."""
        with self.smtp() as session:
            session.sendmail(sender, [recipient], message, ["body=8bitmime"])

    def imaps(self) -> imaplib.IMAP4_SSL:
        return imaplib.IMAP4_SSL("localhost", self.port("imaps"), ssl_context=self.tls(), timeout=20)

    @contextlib.contextmanager
    def inbox(self, name: str) -> Iterator[imaplib.IMAP4_SSL]:
        """Logged in, INBOX selected."""
        client = self.imaps()
        try:
            client.login(f"{name}@example.test", self.password(name))
            client.select("INBOX")
            yield client
        finally:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                client.logout()
            with contextlib.suppress(OSError):
                client.shutdown()  # a connection that the server cut is not closed by logout

    def messages(self, name: str) -> list[bytes]:
        """All of the INBOX, in the order of their UIDs."""
        with self.inbox(name) as client:
            _status, data = client.uid("FETCH", "1:*", "(BODY.PEEK[])")
            return [part[1] for part in data if isinstance(part, tuple)]

    def run(self, *arguments: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        """One command of the CLI on this installation."""
        return subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            text=True,
            input=text,
            timeout=60,
            check=False,
            env=os.environ | {"SKRYTKA_DIR": str(self.root)},
        )

    def is_listening(self, service: str) -> bool:
        return is_listening(self.port(service))
