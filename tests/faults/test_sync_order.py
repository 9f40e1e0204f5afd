"""Power loss, as the kernel sees it: between the last write to a file and the 250 stands the sync of that file.

strace on the demo's processes; every 250 is looked at with what was written since the one before.
"""

import re
from collections.abc import Sequence
from random import Random

import pytest

from tests.support.demo import Demo
from tests.support.faults.load import Attempt, message, send
from tests.support.faults.strace import Call, parse, traced

pytestmark = pytest.mark.needs("strace", "root")

ACCEPTED = "250 2.6.0 "
WRITES = frozenset({"write", "pwrite64", "writev", "pwritev", "ftruncate"})
SYNCS = frozenset({"fsync", "fdatasync"})
RENAMES = frozenset({"rename", "renameat", "renameat2"})
WRITABLE = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")
INSIDE = re.compile(r".*/demo/(store|events|ring|run)/|/dev/null$|/proc/self/")
BLOB_FOLDER = re.compile(r".*/store/blobs/[0-9a-f]{2}")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """What the demo called while it took ten messages, one after the other: small ones and, every third, a large."""
    folder = tmp_path_factory.mktemp("strace")
    random = Random(1)
    with Demo(folder / "demo") as demo, traced(demo.pids().values(), folder / "log"), demo.smtp() as client:
        client.ehlo("strace.example.net")
        for number in range(10):
            size = 700_000 if number % 3 == 2 else 3_000
            send(client, Attempt(("alice", "bob"), message(f"traced-{number}", size, random)))
    return parse((folder / "log").read_text(errors="replace").splitlines())


def transactions(calls: Sequence[Call]) -> list[tuple[list[Call], Call]]:
    """For each 250: what had ended by then since the 250 before, and the call that sends it."""
    answers = [call for call in calls if call.texts and call.texts[0].startswith(ACCEPTED)]
    after = -1
    found = []
    for answer in answers:
        found.append(([call for call in calls if call.ended > after and call.ended < answer.began], answer))
        after = answer.ended
    return found


def unsynced(before: Sequence[Call]) -> list[str]:
    """Files of the store that were written, and names that were made, without a sync after it."""
    missing = []
    writes = {call.path: call for call in before if call.name in WRITES and is_stored(call.path)}
    for path, write in writes.items():
        if not any(call.name in SYNCS and call.path == path and call.began > write.ended for call in before):
            missing.append(path)
    for rename in before:
        if rename.name in RENAMES:
            synced = {call.path for call in before if call.name == "fsync" and call.began > rename.ended}
            missing.extend({text.rpartition("/")[0] for text in rename.texts} - synced)
    return missing


def is_stored(path: str) -> bool:
    """A file that must survive; a file is written under its spool name, and the -shm file is made anew."""
    return "/store/" in path and not path.endswith("-shm")


def test_every_250_is_sent_after_all_that_was_written_is_synced(calls: list[Call]) -> None:
    seen = transactions(calls)
    assert len(seen) == 10
    for before, answer in seen:
        assert any(call.path.endswith("/mail.sqlite-wal") and call.name in WRITES for call in before), answer
        assert not unsynced(before), answer


def test_a_large_message_is_synced_then_renamed_then_its_folders_are_synced_then_it_is_committed(
    calls: list[Call],
) -> None:
    large = 0
    for before, _answer in transactions(calls):
        for rename in (call for call in before if call.name in RENAMES):
            spool, target = rename.texts
            written = max(call.ended for call in before if call.path == spool and call.name in WRITES)
            synced = [call for call in before if call.path == spool and call.name in SYNCS and call.began > written]
            assert synced[-1].ended < rename.began
            folders = {call.path: call for call in before if call.name == "fsync" and call.began > rename.ended}
            parent = target.rpartition("/")[0]
            assert BLOB_FOLDER.fullmatch(parent)
            assert {parent, spool.rpartition("/")[0]} <= set(folders)
            committed = [call for call in before if call.name in SYNCS and call.path.endswith("-wal")]
            assert committed[-1].began > max(call.ended for call in folders.values() if "/store/" in call.path)
            large += 1
    assert large == 3


def test_nothing_is_written_outside_the_installation(calls: list[Call]) -> None:
    """Fronts, store process and supervisor, while mail comes in."""
    opened = [call for call in calls if call.name == "openat" and WRITABLE.search(call.arguments)]
    outside = {text for call in opened for text in call.texts[:1] if not INSIDE.match(text)}
    assert opened, "events are opened for writing all the time"
    assert not outside


@pytest.mark.parametrize("lost", [r"mail\.sqlite-wal$", r"/store/spool/[0-9a-f]+$", r"/blobs/[0-9a-f]{2}$", r"/spool$"])
def test_a_sync_that_is_not_made_is_missed(calls: list[Call], lost: str) -> None:
    without = [call for call in calls if not (call.name in SYNCS and re.search(lost, call.path))]
    assert any(unsynced(before) for before, _answer in transactions(without))


def test_calls_that_other_threads_interrupt_are_put_together() -> None:
    lines = [
        '10  pwrite64(5</d/store/f>, "ab", 2, 0 <unfinished ...>',
        '11  sendto(7<TCP:[127.0.0.1:25->127.0.0.1:9]>, "250 2.6.0 x\\r\\n", 13, 0, NULL, 0) = 13',
        "10  <... pwrite64 resumed>)             = 2",
        "10  fdatasync(5</d/store/f>) = -1 EIO (Input/output error)",
    ]
    assert parse(lines) == [
        Call("sendto", '7<TCP:[127.0.0.1:25->127.0.0.1:9]>, "250 2.6.0 x\\r\\n", 13, 0, NULL, 0', 1, 1),
        Call("pwrite64", '5</d/store/f>, "ab", 2, 0', 0, 2),
    ]
    write = parse(lines)[1]
    assert (write.path, write.texts) == ("/d/store/f", ["ab"])
