"""Right by command, generated: what may be done in a mailbox of somebody else (RFC 4314 4), and nothing besides."""

import asyncio
from typing import NamedTuple

import pytest

from tests.support.imap_store_transcript import exchange, sessions

BOX = '"Other Users/alice@example.test/INBOX"'
RIGHTS = ["l", "li", "lr", "lrs", "lrw", "lrt", "lre", "lri", "lrte", "lrst", "lrsw", "lrsite", "lrswite"]
MESSAGE = "{2+}\r\n\r\n"


class Step(NamedTuple):
    """``needs``: sets of rights of which one is enough; none: nobody may."""

    command: str
    needs: tuple[str, ...]
    is_of_selected: bool = True


# Alice has messages 1 (Deleted), 2, 3 and 4. Steps of bob; what they leave behind is looked at by alice.
STEPS = [
    Step(f"STATUS {BOX} (MESSAGES)", ("r",), is_of_selected=False),
    Step(f"SELECT {BOX}", ("r",), is_of_selected=False),
    Step("FETCH 2 BODY[]", ("r",)),
    Step("SEARCH ALL", ("r",)),
    Step("STORE 3 +FLAGS.SILENT (\\Seen)", ("s",)),
    Step("STORE 3 -FLAGS.SILENT (\\Seen)", ("s",)),
    Step("STORE 3 +FLAGS.SILENT (\\Deleted)", ("t",)),
    Step("STORE 3 -FLAGS.SILENT (\\Deleted)", ("t",)),
    Step("STORE 3 +FLAGS.SILENT (\\Flagged)", ("w",)),
    Step("STORE 3 +FLAGS.SILENT ($Word)", ("w",)),
    Step("STORE 4 +FLAGS.SILENT (\\Seen \\Answered)", ("s", "w")),
    Step("STORE 4 FLAGS.SILENT (\\Deleted \\Draft)", ("t", "w")),
    Step("STORE 4 -FLAGS.SILENT (\\Deleted \\Draft)", ("t", "w")),
    Step("COPY 2 INBOX", ("r",)),
    Step("MOVE 2 INBOX", ("te",)),
    Step("EXPUNGE", ("e",)),
    Step("CLOSE", ("r",)),
    Step(f"APPEND {BOX} (\\Seen \\Deleted \\Flagged) {MESSAGE}", ("i",), is_of_selected=False),
    Step("SELECT INBOX", ("",), is_of_selected=False),
    Step(f"COPY 1 {BOX}", ("i",), is_of_selected=False),
    Step('CREATE "Other Users/alice@example.test/New"', (), is_of_selected=False),
    Step(f'RENAME {BOX} "Mine"', (), is_of_selected=False),
    Step(f"DELETE {BOX}", (), is_of_selected=False),
]


def may(step: Step, rights: str) -> bool:
    return any(set(needed) <= set(rights) for needed in step.needs)


def left_of(rights: str) -> dict[str, set[int]]:
    """UIDs that alice finds afterwards, by flag."""
    has = set(rights)
    there = {1, 2, 3, 4}
    seen, flagged, deleted = set[int](), set[int](), {1}
    if {"r", "s"} <= has:
        seen |= {2}
        seen |= {4}  # added, and the FLAGS that follow may replace it
    if {"r", "w"} <= has:
        flagged |= {3}
    if {"r", "s"} <= has and has & {"t", "w"}:
        seen -= {4}
    if {"r", "t", "e"} <= has:
        there -= {2}
    if {"r", "e"} <= has:
        there -= {1}
    if "i" in has:
        there |= {5, 6}
        seen |= {5} if "s" in has else set()
        deleted |= {5} if "t" in has else set()
        flagged |= {5} if "w" in has else set()
    return {"ALL": there, "SEEN": seen & there, "FLAGGED": flagged & there, "DELETED": deleted & there}


async def play(rights: str) -> None:
    async with sessions(f"INBOX {rights}") as (conns, tasks):
        alice, bob = conns
        for flags in ("(\\Deleted)", "()", "()", "()"):
            await exchange(conns, alice, f"a APPEND INBOX {flags} {MESSAGE}\r\n".encode(), tasks)
        await exchange(conns, bob, f"b APPEND INBOX () {MESSAGE}\r\n".encode(), tasks)
        for step in STEPS:
            if step.is_of_selected and "r" not in rights:
                continue
            answer = (await exchange(conns, bob, f"b {step.command}\r\n".encode(), tasks))[1][-1]
            assert answer.startswith("b OK") == may(step, rights), f"{rights}: {step.command!r} was answered {answer!r}"
            if not may(step, rights):
                assert answer.startswith(("b NO [NOPERM]", "b NO [NONEXISTENT]")), f"{step.command!r}: {answer!r}"
        await exchange(conns, alice, b"a EXAMINE INBOX\r\n", tasks)
        for word, uids in left_of(rights).items():
            said = (await exchange(conns, alice, f"a UID SEARCH {word}\r\n".encode(), tasks))[0]
            assert {int(uid) for uid in said[0].split()[2:]} == uids, f"{rights}: {word}: {said}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("rights", RIGHTS)
def test_each_command_takes_its_right(rights: str) -> None:
    asyncio.run(play(rights))
