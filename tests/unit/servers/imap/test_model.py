"""Two sessions on one mailbox of a real store do anything in any order; what each is told is what is there."""

import asyncio
import os
import re
import shutil
import tempfile
from copy import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from skrytka.model.limits import ImapLimits
from skrytka.servers.imap.deps import ImapDeps
from tests.support.imap_live import AnyoneIs, LiveSession
from tests.support.memory import IN_MEMORY
from tests.support.sasl import NoSessions
from tests.unit.mail.world import MESSAGE, World

SESSIONS = st.integers(0, 1)
PLACES = st.integers(0, 30)
FLAGS = st.sampled_from(["\\Seen", "\\Deleted", "\\Flagged", "$work", "\\Deleted \\Seen"])
MODES = st.sampled_from(["FLAGS", "+FLAGS", "-FLAGS", "+FLAGS.SILENT", "FLAGS.SILENT"])
TARGETS = st.sampled_from(["INBOX", "Sent"])


def uids_of(match: re.Match[str] | None) -> set[int | None]:
    """The numbers of a set; none of no match."""
    found: set[int | None] = set()
    for item in match[1].split(",") if match else ():
        low, _, high = item.partition(":")
        found.update(range(int(low), int(high or low) + 1))
    return found


class TwoSessions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.first: dict[int, tuple[LiveSession, int]] = {}  # who was told first of a UID, and in which selection
        self.root = Path(tempfile.mkdtemp(dir=IN_MEMORY))
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        self.world = World(self.root)
        await self.world.ready()
        self.account = await self.world.account("alice")
        for _ in range(3):
            await self.world.deliver(MESSAGE)
        deps = ImapDeps(
            sessions=NoSessions(),
            random=self.world.random,
            identity=AnyoneIs(self.account),
            mailboxes=self.world.shared,
            appends=self.world.shared_appends,
            inspector=self.world.inspector,
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

    async def _compare(self, session: LiveSession, *, is_read_only: bool = False) -> None:
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
        assert sum(bool(message.is_recent) for message in session.messages) == session.recent
        await self._compare_recent(session, is_read_only=is_read_only)

    async def _compare_recent(self, session: LiveSession, *, is_read_only: bool) -> None:
        """A message is recent in one selection that may write, and never again (RFC 3501 2.3.2)."""
        view = await self.world.mailboxes.open(self.account, "INBOX")
        mark = view.recent_uid
        view.close()
        for message in session.messages:
            uid = message.uid or 0
            if is_read_only:
                assert message.is_recent == (uid > mark)
            elif message.is_recent:
                here = (session, session.selections)
                assert self.first.setdefault(uid, here) == here
            assert is_read_only or uid <= mark

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
    def copy_or_move(self, session: int, place: int, where: str, is_move: bool) -> None:
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

    @rule(session=SESSIONS, leave=st.sampled_from(["", "CLOSE", "UNSELECT"]), is_read_only=st.booleans())
    def select_again(self, session: int, leave: str, is_read_only: bool) -> None:
        chosen = self.sessions[session]
        if chosen.is_idle:
            return
        if leave:
            self.loop.run_until_complete(chosen.ask(leave))
        if is_read_only:
            self.loop.run_until_complete(chosen.select("EXAMINE INBOX"))
            self.loop.run_until_complete(self._compare(chosen, is_read_only=True))
        self.loop.run_until_complete(chosen.select())
        self.loop.run_until_complete(self._compare(chosen))

    @rule(session=SESSIONS, first=PLACES, last=PLACES, where=TARGETS, verb=st.sampled_from(["COPY", "MOVE", "EXPUNGE"]))
    def by_uid(self, session: int, first: int, last: int, where: str, verb: str) -> None:
        self.run_in(session, f"UID {verb} {first + 1}:{last + 1} {where if verb != 'EXPUNGE' else ''}".strip())

    @rule(session=SESSIONS, flags=FLAGS, mode=MODES, back=st.integers(0, 6))
    def store_if_unchanged(self, session: int, flags: str, mode: str, back: int) -> None:
        if not self.sessions[session].is_idle and self.sessions[session].messages:
            self.loop.run_until_complete(self._store_if_unchanged(self.sessions[session], flags, mode, back))

    async def _store_if_unchanged(self, session: LiveSession, flags: str, mode: str, back: int) -> None:
        """RFC 7162 3.1.3: what was changed later stays as it is and is named, all else is changed and told."""
        await session.ask("UID FETCH 1:* (FLAGS MODSEQ)")
        await session.ask("NOOP")
        since = max([0, *(message.modseq or 0 for message in session.messages)]) - back
        if not session.messages or since < 1:
            return
        before = {message.uid: message for message in map(copy, session.messages)}
        (*_, answer) = await session.ask(f"UID STORE 1:* (UNCHANGEDSINCE {since}) {mode} ({flags})")
        late = {uid for uid, message in before.items() if (message.modseq or 0) > since}
        assert uids_of(re.search(r"MODIFIED ([0-9,:]+)", answer)) == late
        named = frozenset(flags.split())
        for message in session.messages:
            was = before[message.uid]
            assert was.flags is not None
            wanted = {"+": was.flags | named, "-": was.flags - named}.get(mode[0], named)
            if message.uid in late:
                assert (message.flags, message.modseq) == (was.flags, was.modseq)
            elif message.flags != was.flags or not mode.endswith(".SILENT"):
                assert message.flags == wanted
            message.flags = was.flags if message.uid in late else wanted
            assert (message.modseq or 0) > since or message.modseq == was.modseq

    @rule(session=SESSIONS, back=st.integers(0, 9))
    def fetch_what_changed(self, session: int, back: int) -> None:
        if not self.sessions[session].is_idle and self.sessions[session].messages:
            self.loop.run_until_complete(self._fetch_what_changed(self.sessions[session], back))

    async def _fetch_what_changed(self, session: LiveSession, back: int) -> None:
        await session.ask("UID FETCH 1:* (MODSEQ)")
        await session.ask("NOOP")
        modseqs = {message.uid: message.modseq or 0 for message in session.messages}
        since = max([1, *(modseq - back for modseq in modseqs.values())])
        later = {uid for uid, modseq in modseqs.items() if modseq > since}
        for message in session.messages:
            message.modseq = None
        await session.ask(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since})")
        assert {message.uid for message in session.messages if message.modseq is not None} == later
        lines = await session.ask(f"UID SEARCH RETURN (ALL) MODSEQ {since + 1}")
        assert uids_of(re.search(r"ALL ([0-9,:]+)", lines[0])) == later
        (status, _) = await session.ask("STATUS INBOX (HIGHESTMODSEQ)")
        assert int(status.split()[-1].rstrip(")")) >= max([0, *modseqs.values()])

    @rule(session=SESSIONS, key=st.sampled_from(["SEEN", "DELETED", "FLAGGED", "KEYWORD $work"]), is_uid=st.booleans())
    def search(self, session: int, key: str, is_uid: bool) -> None:
        """By flags, which a SEARCH tells before its result."""
        chosen = self.sessions[session]
        if chosen.is_idle:
            return
        lines = self.loop.run_until_complete(chosen.ask(f"SEARCH RETURN (ALL) {key}"))
        (result,) = [line for line in lines if line.startswith("* ESEARCH")]
        found = uids_of(re.search(r"ALL ([0-9,:]+)", result))
        flag = f"\\{key.capitalize()}" if " " not in key else "$work"
        for number, message in enumerate(chosen.messages, 1):
            assert message.flags is None or (flag in message.flags) == (number in found)

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
