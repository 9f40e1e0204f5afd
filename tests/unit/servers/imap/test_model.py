"""Two sessions on one mailbox of a real store do anything in any order; what each is told is what is there."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from skrytka.model.limits import ImapLimits
from skrytka.servers.imap.deps import ImapDeps
from tests.support.imap_live import AnyoneIs, LiveSession
from tests.unit.mail.conftest import IN_MEMORY
from tests.unit.mail.world import MESSAGE, World

SESSIONS = st.integers(0, 1)
PLACES = st.integers(0, 30)
FLAGS = st.sampled_from(["\\Seen", "\\Deleted", "\\Flagged", "$work", "\\Deleted \\Seen"])
MODES = st.sampled_from(["FLAGS", "+FLAGS", "-FLAGS", "+FLAGS.SILENT", "FLAGS.SILENT"])
TARGETS = st.sampled_from(["INBOX", "Sent"])


class TwoSessions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.root = Path(tempfile.mkdtemp(dir=IN_MEMORY))
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        self.world = World(self.root)
        await self.world.ready()
        self.account = await self.world.account("alice")
        for _ in range(3):
            await self.world.deliver(MESSAGE)
        deps = ImapDeps(
            identity=AnyoneIs(self.account),
            mailboxes=self.world.mailboxes,
            appends=self.world.appends,
            events=self.world.events,
            clock=self.world.clock,
            limits=ImapLimits(),
            hostname="mail.example.test",
        )
        self.sessions = [LiveSession(deps), LiveSession(deps)]
        for session in self.sessions:
            await session.start()

    def teardown(self) -> None:
        try:
            self.loop.run_until_complete(self._end())
        finally:
            self.loop.run_until_complete(self._close())
            self.loop.close()
            shutil.rmtree(self.root, ignore_errors=True)

    async def _end(self) -> None:
        for session in self.sessions:
            if session.is_idle:
                await session.done()
            await session.ask("NOOP")
            await self._compare(session)

    async def _close(self) -> None:
        for session in self.sessions:
            await session.close()
        await self.world.close()

    async def _compare(self, session: LiveSession) -> None:
        view = await self.world.mailboxes.open(self.account, "INBOX")
        uids = list((await view.snapshot()).uids)
        view.close()
        believed = [(message.uid, message.flags) for message in session.messages]
        assert len(believed) == len(uids)
        for message in session.messages:
            message.uid = message.flags = None
        if uids:
            await session.ask("UID FETCH 1:* (FLAGS)")
        for (uid, flags), now, true_uid in zip(believed, session.messages, uids, strict=True):
            assert now.uid == true_uid
            assert uid in {None, true_uid}
            assert flags is None or flags == now.flags

    def run_in(self, number: int, command: str, *, may_fail: bool = False) -> None:
        session = self.sessions[number]
        if not session.is_idle:
            self.loop.run_until_complete(session.ask(command, may_fail=may_fail))

    def assume(self, number: int, indexes: range, mode: str, flags: str) -> None:
        """A client knows what its own STORE does; with .SILENT nobody tells it (RFC 9051 6.4.6)."""
        session, named = self.sessions[number], frozenset(flags.split())
        for message in [session.messages[index] for index in indexes] if not session.is_idle else []:
            if mode.startswith("FLAGS"):
                message.flags = named
            elif message.flags is not None:
                message.flags = message.flags | named if mode.startswith("+") else message.flags - named

    def number(self, session: int, place: int) -> int:
        """A sequence number that the session's client knows; 0 without any."""
        count = len(self.sessions[session].messages)
        return place % count + 1 if count else 0

    @rule(session=SESSIONS, place=PLACES, mode=MODES, flags=FLAGS)
    def store(self, session: int, place: int, mode: str, flags: str) -> None:
        if number := self.number(session, place):
            self.assume(session, range(number - 1, number), mode, flags)
            self.run_in(session, f"STORE {number} {mode} ({flags})", may_fail=True)

    @rule(session=SESSIONS, mode=MODES, flags=FLAGS)
    def uid_store_all(self, session: int, mode: str, flags: str) -> None:
        self.assume(session, range(len(self.sessions[session].messages)), mode, flags)
        self.run_in(session, f"UID STORE 1:* {mode} ({flags})")

    @rule(session=SESSIONS)
    def expunge(self, session: int) -> None:
        self.run_in(session, "EXPUNGE")

    @rule(session=SESSIONS, place=PLACES, where=TARGETS, is_move=st.booleans())
    def copy(self, session: int, place: int, where: str, is_move: bool) -> None:
        if (number := self.number(session, place)) and not self.sessions[session].is_idle:
            command = f"{'MOVE' if is_move else 'COPY'} {number} {where}"
            self.loop.run_until_complete(self.sessions[session].ask(command, may_fail=True))

    @rule(session=SESSIONS, flags=FLAGS)
    def append(self, session: int, flags: str) -> None:
        self.run_in(session, f"APPEND INBOX ({flags}) {{3+}}\r\nx\r\n")

    @rule()
    def deliver(self) -> None:
        self.loop.run_until_complete(self.world.deliver(MESSAGE))

    @rule(session=SESSIONS)
    def enable_condstore(self, session: int) -> None:
        self.run_in(session, "ENABLE CONDSTORE")

    @rule(session=SESSIONS, place=PLACES)
    def read(self, session: int, place: int) -> None:
        if (number := self.number(session, place)) and not self.sessions[session].is_idle:
            self.loop.run_until_complete(self.sessions[session].ask(f"FETCH {number} BODY[TEXT]", may_fail=True))

    @rule(session=SESSIONS)
    def idle(self, session: int) -> None:
        if not self.sessions[session].is_idle:
            self.loop.run_until_complete(self.sessions[session].idle())

    @precondition(lambda self: any(session.is_idle for session in self.sessions))
    @rule(session=SESSIONS)
    def done(self, session: int) -> None:
        if self.sessions[session].is_idle:
            self.loop.run_until_complete(self.sessions[session].done())

    @rule(session=SESSIONS)
    def look(self, session: int) -> None:
        self.run_in(session, "NOOP")
        if not self.sessions[session].is_idle:
            self.loop.run_until_complete(self._compare(self.sessions[session]))

    @invariant()
    def idle_clients_know_how_many_there_are(self) -> None:
        self.loop.run_until_complete(self._idle_know())

    async def _idle_know(self) -> None:
        if not any(session.is_idle for session in self.sessions):
            return
        view = await self.world.mailboxes.open(self.account, "INBOX")
        count = len(await view.snapshot())
        view.close()
        for session in self.sessions:
            if session.is_idle:
                await session.listen()
                assert len(session.messages) == count


TestTwoSessions = pytest.mark.timeout(120)(TwoSessions.TestCase)
TestTwoSessions.settings = settings(
    max_examples=int(os.environ.get("MODEL_EXAMPLES", "10")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="MODEL_EXAMPLES" not in os.environ,
    phases=(Phase.generate,),  # shrinking takes minutes, explaining traces every line
)
