"""IMAP sessions that stay: several at once over one store, each with a client that believes what it is told."""

import asyncio
import re
from dataclasses import dataclass
from typing import cast

from skrytka.mail.identity.login import Login
from skrytka.model.engine import NEED_DATA, Woken
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.net.connection import Connection
from skrytka.net.facts import ConnFacts
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap
from tests.support.imap import LOGIN, FakeConnection, FakeIdentity
from tests.support.imap_grammar import check_session

_FETCH = re.compile(r"\* (\d+) FETCH \((.*)")
_UID = re.compile(r"UID (\d+)")
_MODSEQ = re.compile(r"MODSEQ \((\d+)\)")
_FLAGS = re.compile(r"FLAGS \(([^)]*)\)")


class AnyoneIs(FakeIdentity):
    """Whoever logs in is that account."""

    def __init__(self, account: AccountId) -> None:
        super().__init__()
        self._account = account

    async def login(self, name: str, password: Secret, facts: ConnFacts, mechanism: str) -> Login:
        found = await super().login(name, password, facts, mechanism)
        return Login(self._account, found.address)


class LiveConnection(FakeConnection):
    """Input comes whenever a test puts some."""

    def __init__(self) -> None:
        super().__init__([])
        self.input: asyncio.Queue[bytes | Woken] = asyncio.Queue()
        self.output = bytearray()
        self.everything = bytearray()

    async def events(self, engine):  # type: ignore[no-untyped-def]
        while True:
            item = await self.input.get()
            if isinstance(item, Woken):
                yield item
            else:
                engine.receive(item)
                while (event := engine.next_event()) is not NEED_DATA:
                    yield event
            self.input.task_done()

    async def send(self, data: bytes) -> None:
        self.output += data
        self.everything += data

    def wake(self) -> None:
        self.input.put_nowait(Woken())

    async def settled(self, task: "asyncio.Future[None]") -> None:
        """Wait until all input has been dealt with by the session that this task runs, or it has ended."""
        done = asyncio.ensure_future(self.input.join())
        await asyncio.wait({done, task}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            done.cancel()
            task.result()


@dataclass
class Known:
    """A message as the client knows it; None is not known."""

    uid: int | None = None
    flags: frozenset[str] | None = None  # but \\Recent
    modseq: int | None = None
    is_recent: bool | None = None


class LiveSession:
    """One session in the selected mailbox, and its client."""

    def __init__(self, deps: ImapDeps) -> None:
        self._conn = LiveConnection()
        self._task = asyncio.ensure_future(serve_imap(cast("Connection", self._conn), deps))
        self._number = 0
        self.messages: list[Known] = []
        self.recent = 0  # as RECENT told
        self.selections = 0
        self.is_idle = False

    async def start(self, name: str = "INBOX") -> None:
        await self._exchange(LOGIN)
        await self.ask(f"SELECT {name}")
        await self.ask("FETCH 1:* (UID FLAGS)" if self.messages else "NOOP")

    async def select(self, command: str = "SELECT INBOX") -> None:
        """Begin anew with what is there."""
        self._number += 1
        lines = await self._exchange(f"t{self._number} {command}\r\n".encode())
        assert lines[-1].startswith(f"t{self._number} OK"), lines
        self.messages = []
        self.selections += 1
        self._take(lines, may_expunge=False)
        if self.messages:
            await self.ask("FETCH 1:* (UID FLAGS)")

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        check_session(bytes(self._conn.everything))

    async def ask(self, command: str, *, may_fail: bool = False) -> list[str]:
        """The lines of the answer, which the client has taken in."""
        self._number += 1
        tag = f"t{self._number}"
        lines = await self._exchange(f"{tag} {command}\r\n".encode())
        assert lines[-1].startswith((f"{tag} OK", f"{tag} NO") if may_fail else f"{tag} OK"), lines
        keeps_numbers = command.startswith(("FETCH", "STORE", "SEARCH"))
        self._take(lines, may_expunge=not keeps_numbers)
        return lines

    async def idle(self) -> None:
        self._number += 1
        self.is_idle = True
        self._take(await self._exchange(b"t%d IDLE\r\n" % self._number), may_expunge=True)

    async def done(self) -> None:
        self.is_idle = False
        self._take(await self._exchange(b"DONE\r\n"), may_expunge=True)

    async def listen(self) -> None:
        """What an idle session has been told meanwhile."""
        self._take(await self._exchange(b""), may_expunge=True)

    async def _exchange(self, data: bytes) -> list[str]:
        if data:
            self._conn.input.put_nowait(data)
        await self._conn.settled(self._task)
        assert not self._task.done(), bytes(self._conn.output)
        text = bytes(self._conn.output).decode()
        self._conn.output.clear()
        return text.split("\r\n")[:-1]

    def _take(self, lines: list[str], *, may_expunge: bool) -> None:
        for line in lines:
            words = line.split()
            if len(words) == 3 and words[2] == "EXISTS":
                assert int(words[1]) >= len(self.messages), line
                self.messages += [Known() for _ in range(int(words[1]) - len(self.messages))]
            elif len(words) == 3 and words[2] == "RECENT":
                self.recent = int(words[1])
            elif len(words) == 3 and words[2] == "EXPUNGE":
                assert may_expunge, line
                del self.messages[int(words[1]) - 1]
            elif match := _FETCH.match(line):
                self._fetched(self.messages[int(match[1]) - 1], match[2])

    @staticmethod
    def _fetched(message: Known, text: str) -> None:
        if uid := _UID.search(text):
            assert message.uid in {None, int(uid[1])}, text
            message.uid = int(uid[1])
        if flags := _FLAGS.search(text):
            told = frozenset(flags[1].split())
            is_recent = "\\Recent" in told
            assert message.is_recent in {None, is_recent}, text  # for as long as the mailbox is selected
            message.is_recent, message.flags = is_recent, told - {"\\Recent"}
            message.modseq = None
        if modseq := _MODSEQ.search(text):
            message.modseq = int(modseq[1])
