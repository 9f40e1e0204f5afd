"""A mailbox of very many messages, as a client that asks for all of it sees it.

Texts and times: tests/faults/test_large_mailbox.py.
"""

import re
from collections.abc import Iterable, Iterator

import pytest

from tests.support.demo import Demo
from tests.support.sizes import pick

MESSAGES = pick(2_000, 100_000)
WAIT_S = 200.0
DIFFERENT = 10  # messages that are appended; the others are copies


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("large") / "demo") as running:
        fill(running)
        yield running


def fill(demo: Demo) -> None:
    """Copying doubles the mailbox until it is full; message n has the subject n modulo ``DIFFERENT``."""
    with demo.inbox("alice") as client:
        for number in range(1, DIFFERENT + 1):
            client.append("INBOX", "", "", f"Subject: Nr {number % DIFFERENT}\r\n\r\nText\r\n".encode())
        have = DIFFERENT
        while have < MESSAGES:
            count = min(have, MESSAGES - have)
            assert client.copy(f"1:{count}", "INBOX")[0] == "OK"
            have += count
            client.noop()


def numbers(lines: Iterable[object], pattern: bytes) -> list[int]:
    """What the pattern finds in each line, none left out."""
    found = [re.search(pattern, line) if isinstance(line, bytes) else None for line in lines]
    return [int(match[1]) if match is not None else -1 for match in found]


def test_it_is_shown_and_searched_whole(demo: Demo) -> None:
    with demo.inbox("alice") as client:
        client.sock.settimeout(WAIT_S)
        assert client.response("EXISTS")[1] == [b"%d" % MESSAGES]
        _status, lines = client.fetch("1:*", "(UID FLAGS)")
        assert numbers(lines, rb"UID (\d+)") == list(range(1, MESSAGES + 1))
        _status, lines = client.fetch("1:*", "(ENVELOPE)")
        assert numbers(lines, rb'"Nr (\d)"') == [number % DIFFERENT for number in range(1, MESSAGES + 1)]
        _status, (found,) = client.search(None, 'SUBJECT "Nr 7"')
        assert [int(number) for number in found.split()] == list(range(7, MESSAGES + 1, DIFFERENT))


def test_mail_comes_in_while_all_of_it_is_changed(demo: Demo) -> None:
    with demo.inbox("alice") as client:
        tag = client._new_tag()
        client.send(tag + b" STORE 1:* +FLAGS.SILENT (\\Flagged)\r\n")  # and its answer is not waited for
        demo.send("alice@example.test", b"Subject: new\r\n\r\nnew\r\n")
        while not client.readline().startswith(tag + b" OK"):
            pass
        client.noop()
        assert client.search(None, "SUBJECT", "new")[1] == [b"%d" % (MESSAGES + 1)]
        _status, (flagged,) = client.search(None, "FLAGGED")
        assert len(flagged.split()) >= MESSAGES


def test_what_is_removed_is_gone_and_the_rest_is_counted_right(demo: Demo) -> None:
    with demo.inbox("alice") as client:
        assert client.store(f"1:{MESSAGES // 2}", "+FLAGS.SILENT", "(\\Deleted)")[0] == "OK"
        status, gone = client.expunge()
        assert (status, len(gone)) == ("OK", MESSAGES // 2)
        assert client.select("INBOX")[1] == [b"%d" % (MESSAGES - MESSAGES // 2 + 1)]
    checked = demo.run("store", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_is_there_after_a_restart(demo: Demo) -> None:
    assert demo.stop() == 0
    demo.start()
    with demo.inbox("alice") as client:
        assert client.select("INBOX")[1] == [b"%d" % (MESSAGES - MESSAGES // 2 + 1)]
