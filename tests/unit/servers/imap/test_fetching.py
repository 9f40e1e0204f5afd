"""RFC 9051 6.4.5, 7.5.2; RFC 8474 5.3, RFC 8514 4.2."""

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import MessageCorrupt
from skrytka.model.flags import SystemFlag
from skrytka.servers.imap.plan import SUMMARIES_BATCH
from tests.support.imap import World
from tests.support.imap_boxes import summarize
from tests.unit.servers.imap.messages import INNER, NESTED, PLAIN

SEEN = SystemFlag.SEEN.value


def world(*messages: bytes) -> World:
    found = World()
    for raw in messages or (PLAIN, NESTED):
        found.inbox.deliver(raw)
    return found


async def answer(found: World, line: str) -> bytes:
    return (await found.selected(f"1 {line}\r\n".encode())).said[0]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("FLAGS", b"FLAGS ()"),
        ("UID", b"UID 1"),
        ("(FLAGS UID)", b"UID 1 FLAGS ()"),
        ("INTERNALDATE", b'INTERNALDATE " 1-Feb-1994 00:00:00 +0000"'),
        ("RFC822.SIZE", b"RFC822.SIZE %d" % len(PLAIN)),
        ("SAVEDATE", b'SAVEDATE "15-Jan-2027 08:00:00 +0000"'),
        ("(EMAILID THREADID)", b"EMAILID (M" + b"0" * 25 + b"1) THREADID (T" + b"0" * 25 + b"1)"),
        ("ENVELOPE", b"ENVELOPE " + summarize(PLAIN).envelope),
        ("BODY", b"BODY " + summarize(PLAIN).body),
        ("BODYSTRUCTURE", b"BODYSTRUCTURE " + summarize(PLAIN).bodystructure),
        (
            "FAST",
            b'FLAGS () INTERNALDATE " 1-Feb-1994 00:00:00 +0000" RFC822.SIZE %d' % len(PLAIN),
        ),
    ],
)
async def test_items_that_need_no_content(items: str, expected: bytes) -> None:
    found = world()
    assert await answer(found, f"FETCH 1 {items}") == b"* 1 FETCH (" + expected + b")\r\n1 OK done\r\n"
    assert found.inbox.contents == []


def literal(label: bytes, value: bytes) -> bytes:
    return b"* 1 FETCH (%b {%d}\r\n%b)\r\n1 OK done\r\n" % (label, len(value), value)


HEADER, TEXT = PLAIN[: PLAIN.index(b"Hello")], b"Hello body\r\n"


@pytest.mark.parametrize(
    ("item", "label", "value"),
    [
        ("BODY.PEEK[]", b"BODY[]", PLAIN),
        ("BODY.PEEK[]<5.7>", b"BODY[]<5>", PLAIN[5:12]),
        ("BODY.PEEK[]<0.99999>", b"BODY[]<0>", PLAIN),
        ("BODY.PEEK[]<99999.5>", b"BODY[]<99999>", b""),
        ("BODY.PEEK[HEADER]", b"BODY[HEADER]", HEADER),
        ("RFC822.HEADER", b"RFC822.HEADER", HEADER),
        ("BODY.PEEK[TEXT]", b"BODY[TEXT]", TEXT),
        ("BODY.PEEK[TEXT]<6.4>", b"BODY[TEXT]<6>", b"body"),
        ("BODY.PEEK[1]", b"BODY[1]", TEXT),
        ("BODY.PEEK[1.MIME]", b"BODY[1.MIME]", HEADER),
        (
            "BODY.PEEK[HEADER.FIELDS (x-odd TO)]",
            b"BODY[HEADER.FIELDS (x-odd TO)]",
            b"To: bob@example.test\r\nX-Odd: one\r\n\r\n",
        ),
        (
            "BODY.PEEK[HEADER.FIELDS.NOT (From To Subject)]",
            b"BODY[HEADER.FIELDS.NOT (From To Subject)]",
            b"X-Odd: one\r\nMessage-ID: <1@example.test>\r\n\r\n",
        ),
        ("BODY.PEEK[HEADER.FIELDS (X-None)]", b"BODY[HEADER.FIELDS (X-None)]", b"\r\n"),
        ("BINARY.PEEK[1]", b"BINARY[1]", TEXT),
        ("BINARY.PEEK[]", b"BINARY[]", PLAIN),
    ],
)
async def test_octets_of_a_plain_message(item: str, label: bytes, value: bytes) -> None:
    found = world()
    assert await answer(found, f"FETCH 1 {item}") == literal(label, value)
    assert found.inbox.messages[0].flags == 0
    assert all(content.is_closed for content in found.inbox.contents)


@pytest.mark.parametrize(
    ("item", "label", "value"),
    [
        ("BODY.PEEK[1]", b"BODY[1]", b"xYLDs2TFug=="),
        ("BINARY.PEEK[1]", b"BINARY[1]", "łódź".encode()),
        ("BINARY.PEEK[1]<2.2>", b"BINARY[1]<2>", "ó".encode()),
        ("BODY.PEEK[2]", b"BODY[2]", INNER),
        ("BODY.PEEK[2.MIME]", b"BODY[2.MIME]", b"Content-Type: message/rfc822\r\n\r\n"),
        ("BODY.PEEK[2.HEADER]", b"BODY[2.HEADER]", INNER[: INNER.index(b"inner text")]),
        ("BODY.PEEK[2.HEADER.FIELDS (subject)]", b"BODY[2.HEADER.FIELDS (subject)]", b"Subject: inner\r\n\r\n"),
        ("BODY.PEEK[2.TEXT]", b"BODY[2.TEXT]", b"inner text\r\n"),
        ("BODY.PEEK[2.1]", b"BODY[2.1]", b"inner text\r\n"),
    ],
)
async def test_octets_of_parts(item: str, label: bytes, value: bytes) -> None:
    assert await answer(world(NESTED), f"FETCH 1 {item}") == literal(label, value)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("BODY.PEEK[9]", b"BODY[9] NIL"),
        ("BODY.PEEK[1.HEADER]", b"BODY[1.HEADER] NIL"),
        ("BINARY.PEEK[2]", b"BINARY[2] NIL"),
        ("BINARY.SIZE[1]", b"BINARY.SIZE[1] 7"),
    ],
)
async def test_what_has_no_octets(item: str, expected: bytes) -> None:
    assert await answer(world(NESTED), f"FETCH 1 {item}") == b"* 1 FETCH (" + expected + b")\r\n1 OK done\r\n"


async def test_an_unknown_encoding_is_said() -> None:
    text = await answer(world(NESTED), "FETCH 1 (UID BINARY.PEEK[3])")
    assert text.startswith(b"* 1 FETCH (UID 1)\r\n1 NO [UNKNOWN-CTE] ")


async def test_binary_with_nul_is_a_literal8() -> None:
    raw = b"Content-Transfer-Encoding: base64\r\n\r\nAAE=\r\n"
    assert (
        await answer(world(raw), "FETCH 1 BINARY.PEEK[1]") == b"* 1 FETCH (BINARY[1] ~{2}\r\n\0\x01)\r\n1 OK done\r\n"
    )


async def test_a_list_of_names_in_the_summary_opens_nothing() -> None:
    found = world()
    text = await answer(found, "FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (TO FROM LINES)])")
    value = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\n\r\n"
    assert text == b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (TO FROM LINES)] {%d}\r\n%b)\r\n1 OK done\r\n" % (
        len(value),
        value,
    )
    assert found.inbox.contents == []


async def test_many_bodies_of_one_message_open_it_once() -> None:
    found = world()
    text = await answer(found, "FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
    assert text.startswith(b"* 1 FETCH (BODY[HEADER] {")
    assert b" BODY[TEXT] {12}\r\nHello body\r\n)\r\n1 OK" in text
    assert len(found.inbox.contents) == 1


# -- which messages


async def test_uid_fetch_always_tells_the_uid_and_passes_over_what_is_not_there() -> None:
    assert await answer(world(), "UID FETCH 2:9 FLAGS") == b"* 2 FETCH (UID 2 FLAGS ())\r\n1 OK done\r\n"
    assert await answer(world(), "UID FETCH 77 (FLAGS)") == b"1 OK done\r\n"


@pytest.mark.parametrize("numbers", ["3", "1:3", "0:1"])
async def test_a_number_beyond_the_mailbox_is_bad(numbers: str) -> None:
    assert (await answer(world(), f"FETCH {numbers} FLAGS")).startswith(b"1 BAD ")


async def test_all_messages_come_in_order_over_many_batches() -> None:
    found = World()
    for number in range(1230):
        found.inbox.deliver(b"Subject: %d\r\n\r\n" % number)
    flags = await answer(found, "FETCH 1:* FLAGS")
    assert flags.count(b"\r\n") == 1231
    sizes = await answer(found, "FETCH 3:1200 (UID RFC822.SIZE)")
    assert [int(line.split()[1]) for line in sizes.split(b"\r\n")[:-2]] == list(range(3, 1201))
    envelopes = await answer(found, "UID FETCH 1,5,7:200 ENVELOPE")
    assert envelopes.count(b" ENVELOPE (") == 196


async def test_messages_removed_elsewhere_are_left_out() -> None:
    found = world()

    def remove() -> None:
        found.inbox.remove(1)

    conn = await found.selected(remove, b"1 FETCH 1:2 RFC822.SIZE\r\n", b"2 FETCH 1 UID\r\n", b"3 NOOP\r\n")
    assert conn.said[
        1
    ] == b"* 2 FETCH (RFC822.SIZE %d)\r\n1 NO [EXPUNGEISSUED] some of the messages are gone\r\n" % len(NESTED)
    assert conn.said[2] == b"* 1 FETCH (UID 1)\r\n2 OK done\r\n"
    assert conn.said[3] == b"* 1 EXPUNGE\r\n3 OK done\r\n"


async def test_uid_fetch_of_removed_messages_is_no_error() -> None:
    found = world()
    conn = await found.selected(lambda: found.inbox.remove(1), b"1 UID FETCH 1:2 RFC822.SIZE\r\n")
    assert conn.said[1] == b"* 2 FETCH (UID 2 RFC822.SIZE %d)\r\n* 1 EXPUNGE\r\n1 OK done\r\n" % len(NESTED)


# -- \Seen


async def test_reading_a_body_marks_it_seen_and_says_so() -> None:
    found = world()
    text = await answer(found, "FETCH 1 BODY[TEXT]")
    assert text == b"* 1 FETCH (FLAGS (\\Seen) BODY[TEXT] {12}\r\nHello body\r\n)\r\n1 OK done\r\n"
    assert [message.flags for message in found.inbox.messages] == [SEEN, 0]


async def test_flags_asked_for_are_the_new_ones() -> None:
    text = await answer(world(), "FETCH 1 (FLAGS BODY[TEXT])")
    assert text.count(b"FLAGS (\\Seen)") == 1


async def test_what_is_seen_already_is_not_stored_again() -> None:
    found = world()
    found.inbox.flag(1, SEEN)
    state = found.inbox.state
    assert b"FLAGS" not in await answer(found, "FETCH 1 RFC822.TEXT")
    assert found.inbox.state == state


async def test_examine_leaves_everything_unseen() -> None:
    found = world()
    conn = await found.selected(b"1 EXAMINE INBOX\r\n", b"2 FETCH 1 BODY[TEXT]\r\n")
    assert b"FLAGS" not in conn.said[1]
    assert found.inbox.messages[0].flags == 0


async def test_mail_is_shown_even_if_seen_cannot_be_stored() -> None:
    found = world()
    found.inbox.failure = TransientError(Reason.STORE_DOWN)
    assert await answer(found, "FETCH 1 BODY[TEXT]") == literal(b"BODY[TEXT]", TEXT)


# -- damage


async def test_a_broken_summary_costs_that_message_only() -> None:
    found = world(PLAIN, PLAIN, PLAIN)
    found.inbox.messages[1].is_summary_corrupt = True
    text = await answer(found, "FETCH 1:3 (UID ENVELOPE)")
    assert b"* 2 FETCH (UID 2)\r\n" in text
    assert text.count(b"ENVELOPE (") == 2
    assert text.endswith(b"1 NO [CORRUPTION] some of the messages cannot be read, the others were sent\r\n")
    assert b"* 2 FETCH (UID 2)\r\n" in await answer(found, "FETCH 1:3 ENVELOPE")


async def test_a_broken_body_costs_that_item_only_and_is_reported() -> None:
    found = world(PLAIN, PLAIN)
    found.inbox.messages[0].corrupt_from = 10
    text = await answer(found, "FETCH 1:2 (FLAGS BODY.PEEK[TEXT])")
    assert text.startswith(b"* 1 FETCH (FLAGS ())\r\n* 2 FETCH (FLAGS () BODY[TEXT] {12}\r\n")
    assert b"1 NO [CORRUPTION]" in text
    events = [event for event in found.recorder.events if isinstance(event, MessageCorrupt)]
    assert [(event.account, event.mailbox, event.uid) for event in events] == [(5, 1, 1)]
    assert (await answer(found, "FETCH 1 BODY.PEEK[TEXT]")).startswith(b"* 1 FETCH (UID 1)\r\n")


LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcde\n" * 64 * 1024


async def test_a_large_message_is_streamed_whole() -> None:
    assert await answer(world(LARGE), "FETCH 1 (UID BODY.PEEK[] RFC822.SIZE)") == (
        b"* 1 FETCH (UID 1 RFC822.SIZE %d BODY[] {%d}\r\n%b)\r\n1 OK done\r\n" % (len(LARGE), len(LARGE), LARGE)
    )


async def test_a_large_message_that_breaks_on_the_way_cuts_the_line() -> None:
    found = world(LARGE)
    found.inbox.messages[0].corrupt_from = 600_000
    conn = await found.selected(b"1 FETCH 1 BODY.PEEK[]\r\n2 NOOP\r\n")
    assert conn.aborted == "error"
    assert b"OK" not in conn.said[0]
    assert [type(event) for event in found.recorder.events] == [MessageCorrupt]
    assert found.inbox.contents[0].is_closed


async def test_a_message_that_broke_on_the_way_is_refused_the_next_time_and_the_others_are_sent() -> None:
    found = world(LARGE, PLAIN)
    found.inbox.messages[0].corrupt_from = 600_000
    conn = await found.selected(b"1 FETCH 1:2 BODY.PEEK[]\r\n")
    assert conn.aborted == "error"
    text = await answer(found, "FETCH 1:2 (UID BODY.PEEK[])")
    assert text.startswith(b"* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2 BODY[] {")
    assert text.endswith(b"1 NO [CORRUPTION] some of the messages cannot be read, the others were sent\r\n")
    assert b"BODY[]<0>" in await answer(found, "FETCH 1 BODY.PEEK[]<0.500000>"), "what opens is still to be had"


async def test_a_lost_client_ends_the_work() -> None:
    found = World()
    for _ in range(500):
        found.inbox.deliver(PLAIN)
    from typing import cast

    from skrytka.net.connection import Connection
    from skrytka.servers.imap.session import serve_imap
    from tests.support.imap import LOGIN, SELECT, FakeConnection

    conn = FakeConnection([LOGIN, SELECT])

    def lose() -> None:
        conn.is_lost = True

    conn.steps = [LOGIN, SELECT, lose, b"1 FETCH 1:* ENVELOPE\r\n"]
    await serve_imap(cast("Connection", conn), found.deps)
    assert conn.said[-1].count(b"ENVELOPE") == SUMMARIES_BATCH  # one batch
    assert conn.cause == "eof"
