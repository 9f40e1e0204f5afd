"""The selected mailbox as the client knows it: sequence numbers change only when it is told (RFC 9051 7.5.1)."""

import asyncio
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import compress

import msgspec

from skrytka.mail.mailbox.types import Snapshot
from skrytka.protocol.imap.format import RECENT_BIT, FlagTexts
from skrytka.protocol.imap.sets import SequenceSet, merged
from skrytka.servers.imap.deps import View
from skrytka.servers.imap.recent import Recent

_RIGHTS = {b"\\Seen": "s", b"\\Deleted": "t"}  # that it takes to change a flag; w for all others (RFC 4314 4)
STEP = 2000  # messages that are looked at in a row


class Selected:
    """``known`` is what the client has been told; it is the shared snapshot itself as long as nothing is held back."""

    # fmt: off
    __slots__ = (
        "_latest", "_recent_told", "flag_texts", "has_recent", "is_read_only", "known", "recent", "saved", "view",
        "with_modseq",
    )
    # fmt: on

    def __init__(
        self, view: View, snapshot: Snapshot, *, is_read_only: bool, with_modseq: bool = False, has_recent: bool = False
    ) -> None:
        self.view = view
        self.is_read_only = is_read_only
        self.with_modseq = with_modseq  # RFC 7162 3.1
        self.has_recent = has_recent  # rev1: the client is told what is \\Recent
        self.recent = Recent()
        self._recent_told = 0
        self.known = snapshot
        self._latest = snapshot
        self.flag_texts = FlagTexts(snapshot.keywords)
        self.saved: Sequence[int] = ()  # UIDs of "$" (RFC 9051 6.4.4.1)

    async def claim_recent(self) -> int:
        """When the mailbox is selected: how many of its messages are recent. EXAMINE claims none (RFC 3501 6.3.2)."""
        last = self.known.uid_next - 1
        before = self.view.recent_uid if self.is_read_only else await self.view.claim_recent(last)
        self.recent.add(before + 1, last)
        self._recent_told = self.recent.count(self.known.uids)
        return self._recent_told

    def forget_recent(self) -> None:
        """The client does not speak rev1 any more."""
        self.has_recent = False
        self.recent = Recent()

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
        """RFC 9051 7.1 PERMANENTFLAGS; the star says that keywords may be added, in place of one that nothing has.

        In another's mailbox those that the rights on it let change (RFC 4314 5.1.1).
        """
        if self.is_read_only:
            return b""
        flags = self.flag_texts.defined() + b" \\*"
        info = self.view.info
        if info.owner is None:
            return flags
        return b" ".join(flag for flag in flags.split() if _RIGHTS.get(flag, "w") in info.rights)

    async def changes(self, *, may_expunge: bool, expected: "array[int] | None" = None) -> list[bytes]:
        """Response lines for all that the client does not know yet.

        Without ``may_expunge`` messages that are gone keep their numbers for now. ``expected`` are the flags of
        ``known`` as the client knows that it has set them: they are told only if they came out otherwise.
        """
        latest = await self.view.snapshot()
        if latest is self._latest and latest is self.known:
            return []
        has_keywords = latest.keywords != self._latest.keywords
        self._latest = latest
        lines = self._keyword_lines() if has_keywords else []
        old, self.known = self.known, latest
        if expected is not None:
            old = msgspec.structs.replace(old, flags=expected)
        if not _begins_with(latest.uids, old.uids):
            gone = await _gone(old.uids, latest.uids)
            if gone and may_expunge:
                await _tell_gone(gone, lines)
                old = _without(old, gone)
            elif gone:
                self.known = _with_ghosts(old, latest, gone)
        self._tell_size(old, lines)
        await self._tell_flags(old, lines)
        return lines

    def _tell_size(self, old: Snapshot, lines: list[bytes]) -> None:
        is_larger = len(self.known) != len(old)
        if is_larger:
            lines.append(b"* %d EXISTS\r\n" % len(self.known))
        if not self.has_recent:
            return
        if self.known.uid_next > old.uid_next:
            self._claim_new(old.uid_next, self.known.uid_next - 1)
        count = self.recent.count(self.known.uids)
        if is_larger or count != self._recent_told:  # RFC 3501 7.3.2
            lines.append(b"* %d RECENT\r\n" % count)
        self._recent_told = count

    def _claim_new(self, first: int, last: int) -> None:
        if self.recent.has_room(first):
            before = self.view.recent_uid if self.is_read_only else self.view.claim_recent_soon(last)
            self.recent.add(max(first, before + 1), last)

    def _keyword_lines(self) -> list[bytes]:
        self.flag_texts = FlagTexts(self._latest.keywords)
        lines = [b"* FLAGS (%b)\r\n" % self.flag_texts.defined()]
        if not self.is_read_only:  # RFC 9051 7.1: needed when the star goes, of use to some clients before
            lines.append(b"* OK [PERMANENTFLAGS (%b)] flags that stay\r\n" % self.permanent_flags())
        return lines

    async def _tell_flags(self, old: Snapshot, lines: list[bytes]) -> None:
        """``old`` has the same messages as ``known`` has first, in the same order."""
        for start in range(0, len(old), STEP):
            was = old.flags[start : start + STEP]
            now = self.known.flags[start : start + len(was)]
            if was != now:
                pairs = enumerate(zip(was, now, strict=True), start)
                lines += [self.flag_line(index, is_uid=True) for index, (bits, others) in pairs if bits != others]
                await asyncio.sleep(0)

    def flags_text(self, index: int) -> bytes:
        """The flags of a message in parentheses."""
        bits = self.known.flags[index]
        if self.recent and self.known.uids[index] in self.recent:
            bits |= RECENT_BIT
        return self.flag_texts.text(bits)

    def shown_flags(self, start: int, stop: int) -> "array[int]":
        """The flags of messages in a row, with RECENT_BIT."""
        if self.recent:
            return self.recent.shown(self.known.uids, self.known.flags, start, stop)
        return self.known.flags[start:stop]

    def flag_line(self, index: int, *, is_uid: bool) -> bytes:
        """The FETCH response that tells the flags of a message."""
        known = self.known
        text = self.flags_text(index)
        modseq = b" MODSEQ (%d)" % known.modseqs[index] if self.with_modseq else b""
        if is_uid:
            return b"* %d FETCH (UID %d FLAGS %b%b)\r\n" % (index + 1, known.uids[index], text, modseq)
        return b"* %d FETCH (FLAGS %b%b)\r\n" % (index + 1, text, modseq)


def _begins_with(uids: "array[int]", start: "array[int]") -> bool:
    return len(uids) >= len(start) and uids[: len(start)] == start


async def _gone(old: "array[int]", latest: "array[int]") -> list[int]:
    """Where in ``old`` the messages were that ``latest`` has no more; others have their turn every millisecond."""
    gone: list[int] = []
    for start in range(0, len(old), STEP):
        part = old[start : start + STEP]
        low, high = bisect_left(latest, part[0]), bisect_right(latest, part[-1])
        if high - low < len(part):
            still = set(latest[low:high])
            gone += [index for index, uid in enumerate(part, start) if uid not in still]
            await asyncio.sleep(0)
    return gone


async def _tell_gone(gone: Sequence[int], lines: list[bytes]) -> None:
    """From the last to the first, so that no number changes before it is told."""
    for end in range(len(gone), 0, -STEP):
        lines += [b"* %d EXPUNGE\r\n" % (index + 1) for index in reversed(gone[max(0, end - STEP) : end])]
        if end > STEP:
            await asyncio.sleep(0)


def _without(old: Snapshot, gone: Sequence[int]) -> Snapshot:
    """Linear, however many are gone."""
    kept = bytearray(b"\1") * len(old)
    for index in gone:
        kept[index] = 0
    uids, flags, modseqs = (array(each.typecode, compress(each, kept)) for each in (old.uids, old.flags, old.modseqs))
    return Snapshot(old.state, uids, flags, modseqs, old.uid_next, old.keywords)


def _with_ghosts(old: Snapshot, latest: Snapshot, gone: Sequence[int]) -> Snapshot:
    """The latest state with the messages that the client still counts; new ones follow behind."""
    uids, flags, modseqs = old.uids[:], old.flags[:], old.modseqs[:]
    start = at = 0  # in what the client counts, and in the latest state
    for end in [*gone, len(old)]:
        flags[start:end] = latest.flags[at : at + end - start]
        modseqs[start:end] = latest.modseqs[at : at + end - start]
        at += end - start
        start = end + 1
    uids.extend(latest.uids[at:])
    flags.extend(latest.flags[at:])
    modseqs.extend(latest.modseqs[at:])
    return Snapshot(latest.state, uids, flags, modseqs, latest.uid_next, latest.keywords)
