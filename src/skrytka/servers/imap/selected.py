"""The selected mailbox as the client knows it: sequence numbers change only when it is told (RFC 9051 7.5.1)."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from skrytka.mail.mailbox.types import KEYWORDS_MAX, Snapshot
from skrytka.protocol.imap.format import FlagTexts
from skrytka.protocol.imap.sets import SequenceSet, merged
from skrytka.servers.imap.deps import View


class Selected:
    """``known`` is what the client has been told; it is the shared snapshot itself as long as nothing is held back."""

    __slots__ = ("_latest", "flag_texts", "is_read_only", "known", "saved", "view", "with_modseq")

    def __init__(self, view: View, snapshot: Snapshot, *, is_read_only: bool, with_modseq: bool = False) -> None:
        self.view = view
        self.is_read_only = is_read_only
        self.with_modseq = with_modseq  # RFC 7162 3.1
        self.known = snapshot
        self._latest = snapshot
        self.flag_texts = FlagTexts(snapshot.keywords)
        self.saved: Sequence[int] = ()  # UIDs of "$" (RFC 9051 6.4.4.1)

    def indexes(self, messages: SequenceSet, *, is_uid: bool) -> list[range]:
        """Where the messages of a command are; NoSuchNumberError beyond the mailbox. ``$`` is told by UID."""
        uids = self.known.uids
        found = messages.indexes_by_uid(uids, self.known.uid_next) if is_uid else messages.indexes_by_number(len(uids))
        if messages.is_saved_result:
            saved = SequenceSet(tuple((uid, uid) for uid in self.saved))
            found = merged([*found, *saved.indexes_by_uid(uids, self.known.uid_next)])
        return found

    def missing(self, latest: Snapshot, uids: Sequence[int]) -> Sequence[int]:
        """Those of the UIDs, which the client knows, that are in the mailbox no more."""
        if latest is self.known or _begins_with(latest.uids, self.known.uids):
            return ()
        still = set(latest.uids)
        return [uid for uid in uids if uid not in still]

    def permanent_flags(self) -> bytes:
        """RFC 9051 7.1 PERMANENTFLAGS; the star says that keywords may be added, as long as there is room for one."""
        if self.is_read_only:
            return b""
        has_room = len(self._latest.keywords) < KEYWORDS_MAX
        return self.flag_texts.defined() + (b" \\*" if has_room else b"")

    async def changes(self, *, may_expunge: bool, expected: Mapping[int, int] | None = None) -> list[bytes]:
        """Response lines for all that the client does not know yet.

        Without ``may_expunge`` messages that are gone keep their numbers for now. ``expected`` are flags by UID
        that the client knows it has set: they are told only if they came out otherwise.
        """
        latest = await self.view.snapshot()
        if latest is self._latest and latest is self.known:
            return []
        lines: list[bytes] = []
        has_keywords = latest.keywords != self._latest.keywords
        self._latest = latest
        if has_keywords:
            self.flag_texts = FlagTexts(latest.keywords)
            lines.append(b"* FLAGS (%b)\r\n" % self.flag_texts.defined())
            if not self.is_read_only:  # RFC 9051 7.1: needed when the star goes, of use to some clients before
                lines.append(b"* OK [PERMANENTFLAGS (%b)] flags that stay\r\n" % self.permanent_flags())
        old, self.known = self.known, latest
        if not _begins_with(latest.uids, old.uids):
            still = set(latest.uids)
            gone = [index for index, uid in enumerate(old.uids) if uid not in still]
            if gone and may_expunge:
                lines += [b"* %d EXPUNGE\r\n" % (index + 1) for index in reversed(gone)]
                old = _without(old, gone)
            elif gone:
                self.known = _with_ghosts(old, latest)
        if len(self.known) != len(old):
            lines.append(b"* %d EXISTS\r\n" % len(self.known))
        lines += self._flag_lines(old, expected or {})
        return lines

    def _flag_lines(self, old: Snapshot, expected: Mapping[int, int]) -> list[bytes]:
        """``old`` has the same messages as ``known`` has first, in the same order."""
        known = self.known
        believed = old.flags
        if expected:
            believed = old.flags[:]
            for uid, bits in expected.items():
                index = bisect_left(old.uids, uid)
                if index < len(believed) and old.uids[index] == uid:
                    believed[index] = bits
        if known.flags[: len(old)] == believed:
            return []
        changed = [index for index, (was, bits) in enumerate(zip(believed, known.flags, strict=False)) if bits != was]
        return [self.flag_line(index, is_uid=True) for index in changed]

    def flag_line(self, index: int, *, is_uid: bool) -> bytes:
        """The FETCH response that tells the flags of a message."""
        known = self.known
        text = self.flag_texts.text(known.flags[index])
        modseq = b" MODSEQ (%d)" % known.modseqs[index] if self.with_modseq else b""
        if is_uid:
            return b"* %d FETCH (UID %d FLAGS %b%b)\r\n" % (index + 1, known.uids[index], text, modseq)
        return b"* %d FETCH (FLAGS %b%b)\r\n" % (index + 1, text, modseq)


def _begins_with(uids: "array[int]", start: "array[int]") -> bool:
    return len(uids) >= len(start) and uids[: len(start)] == start


def _without(old: Snapshot, gone: Sequence[int]) -> Snapshot:
    uids, flags, modseqs = old.uids[:], old.flags[:], old.modseqs[:]
    for index in reversed(gone):
        del uids[index], flags[index], modseqs[index]
    return Snapshot(old.state, uids, flags, modseqs, old.uid_next, old.keywords)


def _with_ghosts(old: Snapshot, latest: Snapshot) -> Snapshot:
    """The latest state with the messages that the client still counts; new ones follow behind."""
    now = {uid: index for index, uid in enumerate(latest.uids)}
    uids, flags, modseqs = old.uids[:], array("Q"), array("Q")
    for index, uid in enumerate(old.uids):
        source, place = (latest, now[uid]) if uid in now else (old, index)
        flags.append(source.flags[place])
        modseqs.append(source.modseqs[place])
    last = old.uids[-1] if old.uids else 0
    for index, uid in enumerate(latest.uids):
        if uid > last:
            uids.append(uid)
            flags.append(latest.flags[index])
            modseqs.append(latest.modseqs[index])
    return Snapshot(latest.state, uids, flags, modseqs, latest.uid_next, latest.keywords)
