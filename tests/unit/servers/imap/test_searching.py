"""The answers to SEARCH (RFC 9051 6.4.4; RFC 3501 7.2.5; RFC 4731; RFC 5182 2)."""

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.servers.imap import matching, searching
from tests.support.imap import LOGIN, SELECT, World
from tests.unit.servers.imap.messages import PLAIN


def world() -> World:
    found = World()
    for number in range(6):
        found.inbox.deliver(PLAIN, flags=number % 2)  # 2, 4 and 6 are seen
    found.inbox.remove(1)  # so numbers and UIDs differ: seen are 1, 3, 5 or UID 2, 4, 6
    return found


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("SEARCH SEEN", "* SEARCH 1 3 5"),
        ("UID SEARCH SEEN", "* SEARCH 2 4 6"),
        ("SEARCH DRAFT", "* SEARCH"),
        ("SEARCH RETURN () SEEN", '* ESEARCH (TAG "t1") ALL 1,3,5'),
        ("UID SEARCH RETURN (ALL) ALL", '* ESEARCH (TAG "t1") UID ALL 2:6'),
        ("SEARCH RETURN (MIN MAX COUNT) SEEN", '* ESEARCH (TAG "t1") MIN 1 MAX 5 COUNT 3'),
        ("SEARCH RETURN (MIN ALL MAX COUNT) DRAFT", '* ESEARCH (TAG "t1") COUNT 0'),
        ("SEARCH RETURN (ALL) DRAFT", '* ESEARCH (TAG "t1")'),
    ],
)
async def test_answers(line: str, answer: str) -> None:
    assert await world().ask(line) == [answer, "t1 OK done"]


async def test_rev2_gets_esearch_always() -> None:
    conn = await world().play(LOGIN, b"e ENABLE IMAP4rev2\r\n", SELECT, b"1 UID SEARCH SEEN\r\n")
    assert conn.said[4] == b'* ESEARCH (TAG "1") UID ALL 2,4,6\r\n1 OK done\r\n'


@pytest.mark.parametrize(
    ("options", "shown", "kept"),
    [
        ("SAVE", [], "1,3,5"),
        ("SAVE MIN", ['* ESEARCH (TAG "t1") MIN 1'], "1"),
        ("SAVE MAX", ['* ESEARCH (TAG "t1") MAX 5'], "5"),
        ("SAVE MIN MAX", ['* ESEARCH (TAG "t1") MIN 1 MAX 5'], "1,5"),
        ("SAVE MIN COUNT", ['* ESEARCH (TAG "t1") MIN 1 COUNT 3'], "1,3,5"),
        ("SAVE ALL", ['* ESEARCH (TAG "t1") ALL 1,3,5'], "1,3,5"),
    ],
)
async def test_what_save_keeps(options: str, shown: list[str], kept: str) -> None:
    lines = await world().ask(f"SEARCH RETURN ({options}) SEEN", "SEARCH RETURN () $", "UID SEARCH RETURN () UID $")
    uids = ",".join(str(int(number) + 1) for number in kept.split(","))
    assert lines == [
        *shown,
        "t1 OK done",
        f'* ESEARCH (TAG "t2") ALL {kept}',
        "t2 OK done",
        f'* ESEARCH (TAG "t3") UID ALL {uids}',
        "t3 OK done",
    ]


async def test_an_empty_result_is_a_valid_set() -> None:
    assert await world().ask("SEARCH RETURN (SAVE) DRAFT", "FETCH $ FLAGS", "STORE $ +FLAGS \\Seen") == [
        "t1 OK done",
        "t2 OK done",
        "t3 OK done",
    ]


async def test_a_failed_search_empties_what_was_saved() -> None:
    lines = await world().ask(
        "SEARCH RETURN (SAVE) SEEN", "SEARCH RETURN (SAVE) CHARSET KOI8-R TEXT x", "SEARCH RETURN () $"
    )
    assert lines[1:3] == ["t2 NO [BADCHARSET (UTF-8 US-ASCII)] that charset is not known", '* ESEARCH (TAG "t3")']


async def test_a_wrong_search_keeps_what_was_saved() -> None:
    """RFC 9051 6.4.4.1: one that is answered BAD."""
    lines = await world().ask("SEARCH RETURN (SAVE) SEEN", "SEARCH RETURN (SAVE) 99", "SEARCH RETURN () $")
    assert lines[1:3] == ["t2 BAD there is no message with that number", '* ESEARCH (TAG "t3") ALL 1,3,5']


async def test_a_search_without_save_keeps_what_was_saved() -> None:
    lines = await world().ask("SEARCH RETURN (SAVE) SEEN", "SEARCH CHARSET KOI8-R TEXT x", "SEARCH RETURN () $")
    assert lines[2] == '* ESEARCH (TAG "t3") ALL 1,3,5'


async def test_trouble_while_searching_is_told_and_empties_what_was_saved() -> None:
    found = world()

    def spoil() -> None:
        async def fail(*_: object, **__: object) -> None:
            raise TransientError(Reason.STORE_DOWN)

        found.mailboxes.views[0].rows = fail  # type: ignore[method-assign, assignment]

    conn = await found.selected(
        b"1 SEARCH RETURN (SAVE) SEEN\r\n", spoil, b"2 SEARCH RETURN (SAVE) LARGER 1\r\n", b"3 SEARCH RETURN () $\r\n"
    )
    assert conn.said[2].startswith(b"2 NO [UNAVAILABLE]")
    assert conn.said[3].startswith(b'* ESEARCH (TAG "3")\r\n')


async def test_damage_is_told_with_the_rest_of_the_result() -> None:
    found = world()
    found.inbox.messages[0].is_summary_corrupt = True
    lines = await found.ask("SEARCH FROM alice")
    assert lines[0] == "* SEARCH 2 3 4 5"
    assert lines[1].startswith("t1 NO [CORRUPTION]")


NUMBERS = "SEARCH ALL", "UID SEARCH NOT SEEN", "SEARCH RETURN (ALL COUNT) OR SEEN 2:3", "SEARCH 3:4,1 UNSEEN"


@pytest.mark.parametrize("line", NUMBERS)
async def test_a_large_answer_is_the_same_in_pieces(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await world().ask(line)
    monkeypatch.setattr(searching, "NUMBERS", 2)
    monkeypatch.setattr(matching, "MEMORY_BATCH", 2)
    assert await world().ask(line) == whole


async def test_a_saved_result_of_many_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "NUMBERS", 2)
    lines = await world().ask("SEARCH RETURN (SAVE) ALL", "SEARCH $")
    assert lines[1] == "* SEARCH 1 2 3 4 5"
