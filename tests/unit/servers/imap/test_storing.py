"""RFC 9051 6.4.3, 6.4.6, 6.4.9."""

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.servers.imap.storing import UnknownFlagError, parse_flags
from tests.support.imap import LOGIN, World


def world(count: int = 3) -> World:
    found = World()
    for _ in range(count):
        found.inbox.deliver(b"\r\n")
    return found


async def test_store_answers_with_the_new_flags() -> None:
    found = world()
    assert await found.ask("STORE 1:2 +FLAGS (\\Seen \\flagged)", "STORE 2 -FLAGS \\Seen", "STORE 2 FLAGS ()") == [
        "* 1 FETCH (FLAGS (\\Seen \\Flagged))",
        "* 2 FETCH (FLAGS (\\Seen \\Flagged))",
        "t1 OK done",
        "* 2 FETCH (FLAGS (\\Flagged))",
        "t2 OK done",
        "* 2 FETCH (FLAGS ())",
        "t3 OK done",
    ]
    assert [message.flags for message in found.inbox.messages] == [5, 0, 0]


async def test_silent_says_nothing_and_uid_store_tells_the_uid() -> None:
    found = world()
    assert await found.ask("STORE 1:* +FLAGS.SILENT \\Seen", "NOOP", "UID STORE 3 +FLAGS \\Draft") == [
        "t1 OK done",
        "t2 OK done",
        "* 3 FETCH (UID 3 FLAGS (\\Seen \\Draft))",
        "t3 OK done",
    ]


async def test_keywords_are_made_when_they_are_used() -> None:
    assert await world(1).ask("STORE 1 +FLAGS ($Junk)", "SEARCH KEYWORD $junk", "STORE 1 -FLAGS ($none $Junk)") == [
        "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Junk)",
        "* OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Junk \\*)] flags that stay",
        "* 1 FETCH (FLAGS ($Junk))",
        "t1 OK done",
        "* SEARCH 1",
        "t2 OK done",
        "* 1 FETCH (FLAGS ())",
        "t3 OK done",
    ]


async def test_changes_of_others_are_told_with_it() -> None:
    found = world()
    conn = await found.selected(lambda: found.inbox.flag(3, 4), b"1 STORE 1 +FLAGS.SILENT \\Seen\r\n")
    assert conn.said[1] == b"* 3 FETCH (UID 3 FLAGS (\\Flagged))\r\n1 OK done\r\n"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("STORE 9 +FLAGS \\Seen", "t1 BAD there is no message with that number"),
        ("STORE 1 +FLAGS \\Recent", "t1 BAD there is no such flag"),
        ("UID STORE 99 +FLAGS \\Seen", "t1 OK done"),
    ],
)
async def test_what_cannot_be_stored(line: str, answer: str) -> None:
    assert await world().ask(line) == [answer]


@pytest.mark.parametrize("line", [b"STORE 1 +FLAGS \\Seen", b"EXPUNGE", b"UID EXPUNGE 1"])
async def test_an_examined_mailbox_is_not_changed(line: bytes) -> None:
    found = world()
    found.inbox.flag(1, 8)
    conn = await found.play(LOGIN, b"1 EXAMINE INBOX\r\n", b"2 " + line + b"\r\n")
    assert conn.said[3].startswith(b"2 NO [NOPERM]")
    assert [message.flags for message in found.inbox.messages] == [8, 0, 0]


async def test_trouble_of_the_store_is_told() -> None:
    found = world()
    found.inbox.failure = TransientError(Reason.DISK_FULL)
    assert await found.ask("STORE 1 +FLAGS \\Seen") == ["t1 NO [UNAVAILABLE] temporary trouble here, try again later"]


async def test_expunge_tells_each_number() -> None:
    found = world(4)
    assert await found.ask("STORE 1,3 +FLAGS.SILENT \\Deleted", "EXPUNGE", "FETCH 1:* UID") == [
        "t1 OK done",
        "* 3 EXPUNGE",
        "* 1 EXPUNGE",
        "t2 OK done",
        "* 1 FETCH (UID 2)",
        "* 2 FETCH (UID 4)",
        "t3 OK done",
    ]


async def test_uid_expunge_takes_only_what_is_named_and_deleted() -> None:
    found = world()
    await found.ask("STORE 1:2 +FLAGS \\Deleted", "UID EXPUNGE 2:3,77", "UID EXPUNGE 99")
    assert [message.uid for message in found.inbox.messages] == [1, 3]


def test_flags_are_parsed_once() -> None:
    assert parse_flags([b"\\Seen", b"\\DRAFT", b"$x"]) == (17, ("$x",))
    for wrong in (b"\\Recent", b"\\*", b"x" * 101):
        with pytest.raises(UnknownFlagError):
            parse_flags([wrong])


async def test_of_messages_that_are_gone_nothing_is_told_but_that() -> None:
    """RFC 2180 4.2; to a UID that is not there nothing happens (RFC 9051 6.4.9)."""
    found = world()
    conn = await found.selected(
        lambda: found.inbox.remove(2), b"1 STORE 1:2 +FLAGS \\Seen\r\n", b"2 UID STORE 2:3 +FLAGS \\Seen\r\n"
    )
    assert conn.said[1] == b"* 1 FETCH (FLAGS (\\Seen))\r\n1 NO [EXPUNGEISSUED] some of the messages are gone\r\n"
    assert conn.said[2] == b"* 2 EXPUNGE\r\n* 2 FETCH (UID 3 FLAGS (\\Seen))\r\n2 OK done\r\n"


async def test_a_conflict_is_told_with_messages_that_are_gone() -> None:
    """RFC 7162 3.1.3, example 11."""
    found = world()

    def elsewhere() -> None:
        found.inbox.remove(3)
        found.inbox.flag(2, 1)

    conn = await found.selected(elsewhere, b"1 STORE 1:3 (UNCHANGEDSINCE 4) -FLAGS.SILENT \\Seen\r\n")
    assert conn.said[1].endswith(b"1 NO [MODIFIED 2] some of the messages are gone\r\n")


@pytest.mark.parametrize(
    ("flags", "change", "is_conflict"),
    [
        (4, "+FLAGS.SILENT (\\Seen)", False),  # another flag has changed
        (4, "-FLAGS.SILENT (\\Seen $none)", False),
        (4, "+FLAGS.SILENT (\\Flagged)", True),
        (4, "FLAGS.SILENT (\\Seen)", True),
        (1, "+FLAGS.SILENT (\\Seen)", True),
    ],
)
async def test_only_a_change_of_the_same_flags_is_a_conflict(flags: int, change: str, is_conflict: bool) -> None:
    """RFC 7162 3.1.12."""
    found = world(1)
    conn = await found.selected(
        lambda: found.inbox.flag(1, flags), f"1 STORE 1 (UNCHANGEDSINCE 2) {change}\r\n".encode()
    )
    assert (b"MODIFIED" in conn.said[1]) is is_conflict
    if not is_conflict and change.startswith("+"):
        assert b"* 1 FETCH (UID 1 FLAGS (\\Seen \\Flagged) MODSEQ (5))" in conn.said[1]


async def test_what_the_client_was_told_since_then_is_a_conflict() -> None:
    found = world(1)
    conn = await found.selected(
        lambda: found.inbox.flag(1, 4), b"1 NOOP\r\n", b"2 STORE 1 (UNCHANGEDSINCE 2) +FLAGS.SILENT (\\Seen)\r\n"
    )
    assert conn.said[2].endswith(b"2 OK [MODIFIED 1] some have changed\r\n")
