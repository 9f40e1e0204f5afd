"""Every search key (RFC 9051 6.4.4; RFC 8474 6; RFC 8514 4.3)."""

import asyncio

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import MessageCorrupt
from skrytka.model.flags import SystemFlag
from skrytka.servers.imap.matching import HEADERS_BYTES
from tests.support.imap import World
from tests.support.imap_boxes import RECEIVED_AT_MS
from tests.unit.servers.imap.messages import NESTED, PLAIN

DAY_MS = 86_400_000


def world() -> World:
    """1: PLAIN, seen, of February 1, sent on January 31; 2: NESTED, of February 2, $Junk; 3: tiny, flagged."""
    found = World()
    found.inbox.deliver(PLAIN, flags=SystemFlag.SEEN.value, sent_at_ms=RECEIVED_AT_MS - 1)
    found.inbox.deliver(NESTED, flags=1 << 8, received_at_ms=RECEIVED_AT_MS + DAY_MS)
    found.inbox.deliver(b"\r\n", flags=SystemFlag.FLAGGED.value, received_at_ms=RECEIVED_AT_MS + 2 * DAY_MS)
    found.inbox.keywords = ("$Junk",)
    return found


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("ALL", "1 2 3"),
        ("OLD", "1 2 3"),
        ("NEW", ""),
        ("RECENT", ""),
        ("SEEN", "1"),
        ("UNSEEN", "2 3"),
        ("FLAGGED", "3"),
        ("KEYWORD $JUNK", "2"),
        ("UNKEYWORD $Junk", "1 3"),
        ("KEYWORD nothing", ""),
        ("UNKEYWORD nothing", "1 2 3"),
        ("2:*", "2 3"),
        ("UID 1,3", "1 3"),
        ("UID 50", ""),
        ("BEFORE 2-Feb-1994", "1"),
        ("ON 2-Feb-1994", "2"),
        ("SINCE 2-Feb-1994", "2 3"),
        ("SENTON 31-Jan-1994", "1"),
        ("SENTBEFORE 31-Jan-1994", ""),
        ("SENTSINCE 31-Jan-1994", "1"),
        ("SAVEDSINCE 15-Jan-2027", "1 2 3"),
        ("SAVEDBEFORE 15-Jan-2027", ""),
        ("SAVEDON 15-Jan-2027", "1 2 3"),
        ("SAVEDATESUPPORTED", "1 2 3"),
        ("SMALLER 2", ""),
        ("SMALLER 3", "3"),
        ("LARGER 2", "1 2"),
        ("LARGER 1", "1 2 3"),
        ("FROM ALICE", "1"),
        ("TO bob@", "1"),
        ("CC x", ""),
        ('SUBJECT "zażółć"', "1"),
        ('SUBJECT "ZAŻÓŁĆ"', "1"),
        ("SUBJECT outer", "2"),
        ("SUBJECT inner", ""),
        ('HEADER Subject ""', "1 2"),
        ("HEADER X-Odd ONE", "1"),
        ('HEADER x-odd ""', "1"),
        ("HEADER X-None x", ""),
        ("BODY hello", "1"),
        ("BODY alice", ""),
        ('BODY "łódź"', "2"),
        ("BODY inner", "2"),
        ("BODY xYLDs2TFug", ""),
        ("TEXT alice", "1"),
        ("TEXT x-odd", "1"),
        ('TEXT "zażółć"', "1"),
        ("TEXT message/rfc822", "2"),  # RFC 9051 6.4.4: MIME header fields included
        ("BODY message/rfc822", ""),
        ("EMAILID M" + "0" * 25 + "2", "2"),
        ("EMAILID T" + "0" * 25 + "2", ""),
        ("THREADID T" + "0" * 25 + "3", "3"),
        ("NOT SEEN", "2 3"),
        ("OR SEEN FLAGGED", "1 3"),
        ("OR TEXT alice FLAGGED", "1 3"),
        ("NOT (OR SEEN FLAGGED)", "2"),
        ("UNSEEN FLAGGED", "3"),
        ("TEXT alice FROM alice SEEN 1", "1"),
        ("(NOT TEXT alice) LARGER 1", "2 3"),
        ("NOT NOT SEEN", "1"),
    ],
)
async def test_keys_find_their_messages(key: str, numbers: str) -> None:
    lines = await world().ask(f"SEARCH CHARSET UTF-8 {key}")
    assert lines == [f"* SEARCH {numbers}".rstrip(), "t1 OK done"]


async def test_a_number_beyond_the_mailbox_is_bad() -> None:
    assert (await world().ask("SEARCH 9"))[0].startswith("t1 BAD")


async def test_cheap_keys_come_first_so_content_is_read_for_few() -> None:
    found = world()
    await found.ask("SEARCH TEXT alice SEEN")
    assert len(found.inbox.contents) == 1


async def test_a_header_search_reads_the_header_only() -> None:
    found = world()
    found.inbox.messages[0].corrupt_from = PLAIN.index(b"Hello")
    assert (await found.ask("SEARCH HEADER X-Odd one"))[0] == "* SEARCH 1"


async def test_broken_messages_match_nothing_and_are_reported() -> None:
    found = world()
    found.inbox.messages[0].corrupt_from = 0
    found.inbox.messages[1].is_summary_corrupt = True
    lines = await found.ask("SEARCH TEXT a", "SEARCH SUBJECT outer", "SEARCH HEADER X-Odd one")
    assert lines[0] == "* SEARCH 2"
    assert [line[:15] for line in lines[1::2]] == ["t1 NO [CORRUPTI", "t2 NO [CORRUPTI", "t3 NO [CORRUPTI"]
    assert sum(isinstance(event, MessageCorrupt) for event in found.recorder.events) == 1  # the view reports its own


@pytest.mark.parametrize("name", ["Subject", "X-Odd"])
async def test_a_field_that_kills_inspectors_matches_nothing_and_the_others_do(name: str) -> None:
    found = World()
    for value in ("one", "evil one", "one more"):
        found.inbox.deliver(f"{name}: {value}\r\n\r\n".encode())
    found.inspector.poison = b"evil"
    lines = await found.ask(f"SEARCH HEADER {name} one", f"SEARCH HEADER {name} none")
    assert lines[0] == "* SEARCH 1 3"
    assert [line[:15] for line in lines[1::2]] == ["t1 NO [CORRUPTI", "t2 NO [CORRUPTI"]


@pytest.mark.parametrize("name", ["Subject", "X-Odd"])
async def test_without_an_inspector_fields_are_not_searched(name: str) -> None:
    found = World()
    found.inbox.deliver(f"{name}: one\r\n\r\n".encode())
    found.inspector.failures = [TransientError(Reason.INSPECTOR_DOWN)]
    lines = await found.ask(f"SEARCH HEADER {name} one", f"SEARCH HEADER {name} one")
    assert lines[0].startswith("t1 NO [UNAVAILABLE]")
    assert lines[1] == "* SEARCH 1"


async def test_messages_that_are_gone_match_nothing() -> None:
    found = world()
    conn = await found.selected(lambda: found.inbox.remove(1), b"1 SEARCH TEXT alice\r\n2 SEARCH LARGER 2\r\n")
    assert conn.said[1] == b"* SEARCH\r\n1 OK done\r\n* SEARCH 2\r\n2 OK done\r\n"


async def test_large_mailboxes_are_searched_in_batches() -> None:
    found = World()
    for number in range(450):
        found.inbox.deliver(b"Subject: %s\r\n\r\n" % (b"odd" if number % 2 else b"even"))
    lines = await found.ask("SEARCH RETURN (COUNT) SUBJECT odd", "SEARCH RETURN (COUNT) LARGER 1")
    assert lines[0::2] == ['* ESEARCH (TAG "t1") COUNT 225', '* ESEARCH (TAG "t2") COUNT 450']


async def test_a_long_header_is_searched_beside_the_loop() -> None:
    found = World()
    found.inbox.deliver(b"X-Long: lorem ipsum\r\n" * 10_000 + b"X-Odd: needle\r\n\r\n")
    assert (await found.ask("SEARCH HEADER X-Odd NEEDLE"))[0] == "* SEARCH 1"


async def test_the_view_tells_which_messages_have_the_text() -> None:
    world = World()
    for word in (b"one", b"two", b"one"):
        world.inbox.deliver(b"\r\n" + word)
    world.inbox.texts = {1: "two", 2: "one"}
    assert (await world.ask("SEARCH BODY one"))[0] == "* SEARCH 2 3"


async def test_others_get_their_turn_between_long_headers() -> None:
    found = World()
    for _ in range(20):
        found.inbox.deliver(b"To: " + b"\r\n a@b.c," * (HEADERS_BYTES // 9) + b"\r\n\r\n")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        beside = tasks.create_task(others())
        conn = await found.selected(b"1 SEARCH NOT TO nobody\r\n")
        beside.cancel()
    assert conn.said[0].startswith(b"* SEARCH 1 2 3")
    assert turns >= 20


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ("SENTON 7-Feb-1994", "1"),
        ("SENTON 8-Feb-1994", "2"),
        ("SENTBEFORE 8-Feb-1994", "1"),
        ("SENTSINCE 8-Feb-1994", "2"),
        ("SENTSINCE 6-Feb-1994", "1 2"),
    ],
)
async def test_the_day_of_sending_is_the_senders(criteria: str, expected: str) -> None:
    """RFC 9051 6.4.4: disregarding time and timezone."""
    found = World()
    found.inbox.deliver(b"Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\n", sent_at_ms=760_686_745_000)
    found.inbox.deliver(b"Date: Tue, 8 Feb 1994 00:30:00 +0300\r\n\r\n", sent_at_ms=760_656_600_000)
    found.inbox.deliver(b"\r\n")
    assert (await found.ask(f"SEARCH {criteria}"))[0] == f"* SEARCH {expected}"
