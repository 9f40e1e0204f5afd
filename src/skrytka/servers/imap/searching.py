"""SEARCH and UID SEARCH: the answer in the form that was asked for (RFC 9051 6.4.4, RFC 4731, RFC 5182)."""

from collections.abc import Sequence

from skrytka.protocol.imap import format as fmt
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.search import (
    KNOWN_CHARSETS,
    And,
    Key,
    ModseqKey,
    Not,
    Or,
    ReturnOption,
    Search,
)
from skrytka.protocol.imap.sets import NoSuchNumberError, Run, add_runs, format_runs
from skrytka.servers.imap import replies
from skrytka.servers.imap.matching import Matcher
from skrytka.servers.imap.selected import Selected
from skrytka.servers.imap.state import UTF8_ACCEPT, ImapSession

_ALL = frozenset({ReturnOption.ALL})
NUMBERS = 2_500  # handled at once: less than a millisecond


async def search(session: ImapSession, command: Search, tag: str) -> Tagged:
    selected = session.mailbox
    saves = command.returned is not None and ReturnOption.SAVE in command.returned
    if command.charset and UTF8_ACCEPT in session.enabled:
        return replies.NO_CHARSET
    if command.charset not in KNOWN_CHARSETS:
        selected.saved = () if saves else selected.saved  # RFC 9051 6.4.4.1
        return replies.UNKNOWN_CHARSET
    matcher = Matcher(session, selected)
    try:
        indexes = await matcher.find(command.key, range(len(selected.known)))
    except BaseException as exc:
        if saves and not isinstance(exc, NoSuchNumberError):  # RFC 9051 6.4.4.1: BAD leaves the result as it is
            selected.saved = ()
        raise
    if saves and command.returned is not None:
        selected.saved = await _uids(session, selected, _saved(indexes, command.returned))
    modseq = 0
    if has_modseq(command.key):
        await session.enable_condstore()
        modseq = _highest(selected, indexes, command.returned)
    numbers = await (_uids(session, selected, indexes) if command.is_uid else _numbers(session, indexes))
    await _respond(session, command, tag, numbers, modseq)
    return replies.MESSAGES_CORRUPT if matcher.has_corrupt else replies.ok("done")


def _saved(indexes: Sequence[int], returned: frozenset[ReturnOption]) -> Sequence[int]:
    """RFC 9051 6.4.4.1, table 4: with MIN and MAX alone only these are kept."""
    if not returned & {ReturnOption.ALL, ReturnOption.COUNT} and returned & {ReturnOption.MIN, ReturnOption.MAX}:
        ends = {*(indexes[:1] if ReturnOption.MIN in returned else ())}
        ends |= {*(indexes[-1:] if ReturnOption.MAX in returned else ())}
        indexes = sorted(ends)
    return indexes


def has_modseq(key: Key) -> bool:
    """Whether MODSEQ is among the keys."""
    match key:
        case And(keys=keys):
            return any(has_modseq(inner) for inner in keys)
        case Or(left=left, right=right):
            return has_modseq(left) or has_modseq(right)
        case Not(key=inner):
            return has_modseq(inner)
        case _:
            return isinstance(key, ModseqKey)


def _highest(selected: Selected, indexes: Sequence[int], returned: frozenset[ReturnOption] | None) -> int:
    """The highest MODSEQ of what is returned (RFC 7162 3.1.5, 3.1.10); 0 if that is nothing."""
    ends = {ReturnOption.MIN, ReturnOption.MAX}
    if returned is not None and returned & ends and not returned & {ReturnOption.ALL, ReturnOption.COUNT}:
        indexes = [
            *(indexes[:1] if ReturnOption.MIN in returned else ()),
            *(indexes[-1:] if ReturnOption.MAX in returned else ()),
        ]
    return max((selected.known.modseqs[index] for index in indexes), default=0)


async def _respond(session: ImapSession, command: Search, tag: str, numbers: Sequence[int], modseq: int) -> None:
    """A large answer is written in pieces, between which others have their turn."""
    if command.returned is not None or session.is_rev2:
        await _extended(session, command, tag, numbers, modseq)
        return
    await session.write(b"* SEARCH")  # RFC 3501 7.2.5
    for start in range(0, len(numbers), NUMBERS):
        await session.write(b"".join([b" %d" % number for number in numbers[start : start + NUMBERS]]))
        await session.breathe()
    await session.write((b" (MODSEQ %d)" % modseq if modseq else b"") + b"\r\n")


async def _extended(session: ImapSession, command: Search, tag: str, numbers: Sequence[int], modseq: int) -> None:
    """RFC 9051 7.3.4."""
    returned = command.returned or _ALL
    if returned == frozenset({ReturnOption.SAVE}):
        return  # RFC 9051 6.4.4: nothing else was asked for
    parts = [b"* ESEARCH (TAG %b)" % fmt.quoted(tag.encode())]
    if command.is_uid:
        parts.append(b"UID")
    if numbers and ReturnOption.MIN in returned:
        parts.append(b"MIN %d" % numbers[0])
    if numbers and ReturnOption.MAX in returned:
        parts.append(b"MAX %d" % numbers[-1])
    if numbers and ReturnOption.ALL in returned:
        parts.append(b"ALL " + await _set(session, numbers))
    if ReturnOption.COUNT in returned:
        parts.append(b"COUNT %d" % len(numbers))
    if modseq:
        parts.append(b"MODSEQ %d" % modseq)
    await session.write(b" ".join(parts) + b"\r\n")


async def _set(session: ImapSession, numbers: Sequence[int]) -> bytes:
    """As ``format_set``."""
    runs: list[Run] = []
    for start in range(0, len(numbers), NUMBERS):
        add_runs(runs, numbers[start : start + NUMBERS])
        await session.breathe()
    pieces: list[bytes] = []
    for start in range(0, len(runs), NUMBERS):
        pieces.append(format_runs(runs[start : start + NUMBERS]))
        await session.breathe()
    return b",".join(pieces)


async def _uids(session: ImapSession, selected: Selected, indexes: Sequence[int]) -> list[int]:
    uids, found = selected.known.uids, list[int]()
    for start in range(0, len(indexes), NUMBERS):
        found += [uids[index] for index in indexes[start : start + NUMBERS]]
        await session.breathe()
    return found


async def _numbers(session: ImapSession, indexes: Sequence[int]) -> list[int]:
    found: list[int] = []
    for start in range(0, len(indexes), NUMBERS):
        found += [index + 1 for index in indexes[start : start + NUMBERS]]
        await session.breathe()
    return found
