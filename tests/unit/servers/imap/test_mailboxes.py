"""RFC 9051 6.3.2, 6.3.3, 6.3.9 to 6.3.11, 6.4.1, 6.4.2; RFC 3501 differences; RFC 8474 4."""

import threading
from collections.abc import Sequence

import pytest

from skrytka.mail.mailbox.types import MailboxInfo
from skrytka.model.flags import SystemFlag
from skrytka.protocol.imap import listing
from skrytka.protocol.imap.commands.mailboxes import List
from skrytka.protocol.imap.listing import Line, Name
from skrytka.servers.imap import mailboxes
from skrytka.servers.imap.mailboxes import MATCHES_INLINE
from tests.support.imap import LOGIN, World

REV2 = b"e ENABLE IMAP4rev2\r\n"


def world() -> World:
    found = World()
    found.inbox.deliver(b"Subject: a\r\n\r\nabc\r\n", flags=SystemFlag.SEEN)
    found.inbox.deliver(b"Subject: b\r\n\r\nabc\r\n", flags=SystemFlag.DELETED)
    found.inbox.deliver(b"Subject: c\r\n\r\nabc\r\n", flags=1 << 8)
    found.inbox.keywords = ("$Junk",)
    found.mailboxes.add("Wysłane", is_subscribed=True, special_use="\\Sent")
    found.mailboxes.add("a/b")
    return found


async def test_select_tells_what_rev1_wants() -> None:
    conn = await world().play(LOGIN, b"1 SELECT inbox\r\n")
    assert conn.said[2].decode().split("\r\n") == [
        "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Junk)",
        "* OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Junk \\*)] flags that stay",
        "* 3 EXISTS",
        "* OK [UIDVALIDITY 7] UIDs are valid",
        "* OK [UIDNEXT 4] next UID",
        "* OK [HIGHESTMODSEQ 4] highest",
        "* OK [MAILBOXID (F1)] id",
        "* 0 RECENT",
        "* OK [UNSEEN 2] first unseen",
        "1 OK [READ-WRITE] selected",
        "",
    ]


async def test_examine_tells_what_rev2_wants() -> None:
    conn = await world().play(LOGIN, REV2, b"1 EXAMINE INBOX\r\n")
    text = conn.said[3].decode()
    assert '* LIST (\\HasNoChildren \\Subscribed) "/" INBOX\r\n' in text
    assert "* OK [PERMANENTFLAGS ()]" in text
    assert "RECENT" not in text
    assert "UNSEEN" not in text
    assert text.endswith("1 OK [READ-ONLY] examined\r\n")


async def test_names_are_written_as_the_session_speaks() -> None:
    conn = await world().play(LOGIN, b'1 SELECT "Wys&AUI-ane"\r\n', REV2, '2 SELECT "Wysłane"\r\n'.encode())
    assert conn.said[2].endswith(b"1 OK [READ-WRITE] selected\r\n")
    assert '* LIST (\\HasNoChildren \\Subscribed \\Sent) "/" "Wysłane"\r\n'.encode() in conn.said[4]
    assert conn.said[4].startswith(b"* OK [CLOSED] ")


async def test_status_counts() -> None:
    items = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE RECENT MAILBOXID"
    conn = await world().play(LOGIN, f"1 STATUS inbox ({items})\r\n2 STATUS x (SIZE)\r\n".encode())
    assert conn.said[2].decode().split("\r\n")[:-1] == [
        "* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7 UNSEEN 2 DELETED 1 SIZE 57 RECENT 0 MAILBOXID (F1))",
        "1 OK done",
        "2 NO [NONEXISTENT] there is no such mailbox",
    ]


async def test_status_of_the_selected_mailbox_works() -> None:
    assert (await world().ask("STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 3)"


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ('LIST "" ""', ['* LIST (\\Noselect) "/" ""']),
        ('LSUB "" ""', ['* LSUB (\\Noselect) "/" ""']),
        ('LIST "" inb*', ['* LIST (\\HasNoChildren) "/" INBOX']),
        (
            'LIST "" %',
            [
                '* LIST (\\HasNoChildren) "/" INBOX',
                '* LIST (\\HasNoChildren \\Sent) "/" "Wys&AUI-ane"',
                '* LIST (\\Noselect \\HasChildren) "/" "a"',
            ],
        ),
        ("LIST a/ %", ['* LIST (\\HasNoChildren) "/" "a/b"']),
        ('LSUB "" *', ['* LSUB () "/" INBOX', '* LSUB () "/" "Wys&AUI-ane"', '* LSUB (\\Noselect) "/" "gone"']),
        (
            'LIST (SUBSCRIBED) "" * RETURN (STATUS (MESSAGES))',
            [
                '* LIST (\\HasNoChildren \\Subscribed) "/" INBOX',
                "* STATUS INBOX (MESSAGES 3)",
                '* LIST (\\HasNoChildren \\Subscribed \\Sent) "/" "Wys&AUI-ane"',
                '* STATUS "Wys&AUI-ane" (MESSAGES 0)',
                '* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" "gone"',
            ],
        ),
        ('LIST (SPECIAL-USE) "" *', ['* LIST (\\HasNoChildren \\Sent) "/" "Wys&AUI-ane"']),
        ("NAMESPACE", ['* NAMESPACE (("" "/")) NIL NIL']),
    ],
)
async def test_lists(line: str, answers: list[str]) -> None:
    found = world()
    found.mailboxes.only_subscribed.append(MailboxInfo("gone", None, is_subscribed=True))
    conn = await found.play(LOGIN, f"1 {line}\r\n".encode())
    assert conn.said[2].decode().split("\r\n")[:-2] == answers


async def test_list_tells_what_made_it_show_a_level() -> None:
    found = world()
    found.mailboxes.add("c")
    found.mailboxes.add("c/d", is_subscribed=True)
    conn = await found.play(LOGIN, b'1 LIST (SUBSCRIBED RECURSIVEMATCH) "" c%\r\n')
    assert conn.said[2].startswith(b'* LIST (\\HasChildren) "/" "c" ("CHILDINFO" ("SUBSCRIBED"))\r\n')


async def test_a_mailbox_that_goes_during_list_has_no_status() -> None:
    found = world()
    found.mailboxes.boxes["ghost"] = found.mailboxes.boxes.pop("a/b")
    conn = await found.play(LOGIN, b'1 LIST "" a/b RETURN (STATUS (MESSAGES))\r\n')
    assert conn.said[2] == b'* LIST (\\Noselect \\HasNoChildren) "/" "a/b"\r\n1 OK done\r\n'


async def test_close_removes_what_is_marked_and_says_nothing() -> None:
    found = world()
    conn = await found.selected(b"1 CLOSE\r\n2 FETCH 1 FLAGS\r\n")
    assert conn.said[0] == b"1 OK closed\r\n2 BAD not possible in authenticated state\r\n"
    assert [message.uid for message in found.inbox.messages] == [1, 3]


async def test_close_of_an_examined_mailbox_removes_nothing() -> None:
    found = world()
    conn = await found.play(LOGIN, b"1 EXAMINE INBOX\r\n2 CLOSE\r\n")
    assert conn.said[2].endswith(b"2 OK closed\r\n")
    assert len(found.inbox.messages) == 3


async def test_a_mailbox_that_is_gone_can_be_closed() -> None:
    found = world()

    def vanish() -> None:
        found.inbox.is_gone = True

    conn = await found.selected(vanish, b"1 CLOSE\r\n2 NOOP\r\n")
    assert conn.said[1] == b"1 OK closed\r\n2 OK done\r\n"


async def test_unselect_removes_nothing() -> None:
    found = world()
    conn = await found.selected(b"1 UNSELECT\r\n")
    assert conn.said[0] == b"1 OK left\r\n"
    assert len(found.inbox.messages) == 3
    assert found.mailboxes.views[0].is_closed


async def test_check_and_noop_tell_news() -> None:
    found = world()
    conn = await found.selected(lambda: found.inbox.remove(2), b"1 CHECK\r\n", b"2 NOOP\r\n")
    assert conn.said[1] == b"* 2 EXPUNGE\r\n1 OK done\r\n"
    assert conn.said[2] == b"2 OK done\r\n"


@pytest.mark.parametrize(("count", "is_beside"), [(MATCHES_INLINE // 2, False), (MATCHES_INLINE + 1, True)])
async def test_thousands_of_names_are_matched_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, count: int, is_beside: bool
) -> None:
    found = world()
    for number in range(count):
        found.mailboxes.add(f"box{number}")
    threads: list[threading.Thread] = []

    def lines(command: List, names: Sequence[Name]) -> list[Line]:
        threads.append(threading.current_thread())
        return listing.lines(command, names)

    monkeypatch.setattr(mailboxes, "lines", lines)
    conn = await found.play(LOGIN, b'1 LIST "" box*\r\n')
    assert conn.text.count("* LIST ") == count
    assert [thread is not threading.main_thread() for thread in threads] == [is_beside]


async def test_select_looks_at_names_near_its_own_only(monkeypatch: pytest.MonkeyPatch) -> None:
    found = world()
    found.mailboxes.add("a")
    seen: list[str] = []

    def lines(command: List, names: Sequence[Name]) -> list[Line]:
        seen.extend(name.name for name in names)
        return listing.lines(command, names)

    monkeypatch.setattr(mailboxes, "lines", lines)
    conn = await found.play(LOGIN, REV2, b"1 SELECT a\r\n")
    assert '* LIST (\\HasChildren) "/" "a"\r\n' in conn.text
    assert sorted(seen) == ["a", "a/b"]
