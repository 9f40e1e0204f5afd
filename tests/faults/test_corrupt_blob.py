"""Damage at rest: a message that does not open is reported whenever it is asked for; all others are served."""

import contextlib
import imaplib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from tests.support.demo import Demo
from tests.support.faults.imap import as_sent, events, until
from tests.support.faults.load import message

SMALL, LARGE = 3_000, 700_000
Damage = Callable[[Path, apsw.Connection, int], None]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def column(name: str) -> Damage:
    """One bit of a sealed column of the message with this UID."""

    def damage(_store: Path, db: apsw.Connection, uid: int) -> None:
        table = "blob" if name == "stored" else "content"
        key = "blob_id" if name == "stored" else "email_id"
        find = f"SELECT c.{key} FROM message m JOIN content c USING (account, email_id) WHERE m.uid = ?"
        ((row_id,),) = db.execute(find, (uid,)).fetchall()
        value: Any
        ((value,),) = db.execute(f"SELECT {name} FROM {table} WHERE {key} = ?", (row_id,)).fetchall()
        db.execute(f"UPDATE {table} SET {name} = ? WHERE {key} = ?", (flipped(value, len(value) // 2), row_id))

    return damage


def blob_file(change: Callable[[Path], object]) -> Damage:
    """The file of the message with this UID."""

    def damage(store: Path, db: apsw.Connection, uid: int) -> None:
        blob_id: Any
        find = "SELECT c.blob_id FROM message m JOIN content c USING (account, email_id) WHERE m.uid = ?"
        ((blob_id,),) = db.execute(find, (uid,)).fetchall()
        change(store / "blobs" / f"{blob_id[-1]:02x}" / blob_id.hex())

    return damage


def flip_byte(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(flipped(data, len(data) // 2))


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


DAMAGES: dict[int, Damage] = {  # by UID
    1: column("wrapped_key"),
    2: blob_file(flip_byte),
    3: column("stored"),
    4: blob_file(Path.unlink),
    5: column("prefix"),
    6: blob_file(cut),
    7: column("summary"),
}
SIZES = {uid: LARGE if uid in (2, 4, 6, 9) else SMALL for uid in range(1, 10)}
CUTS_MAX = 20  # fronts by damaged large messages, and some
WITHOUT_SUMMARY = 7
WHOLE = sorted({*SIZES} - {*DAMAGES} | {WITHOUT_SUMMARY})  # whose octets are there: a summary is made from them


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo with nine messages in alice's INBOX, seven of them damaged while it was stopped."""
    with Demo(tmp_path_factory.mktemp("corrupt") / "demo") as demo:
        for uid, size in SIZES.items():
            demo.send("alice@example.test", sent(uid, size))
    db = apsw.Connection(str(demo.root / "store" / "mail.sqlite"))
    for uid, damage in DAMAGES.items():
        damage(demo.root / "store", db, uid)
    db.close()
    with Demo(demo.root) as demo:
        yield demo


def sent(uid: int, size: int) -> bytes:
    return message(f"message-{uid}", size, Random(uid))


def fetch(client: imaplib.IMAP4, uids: str, what: str) -> tuple[str, bytes, dict[int, bytes]]:
    """Status, text of the tagged answer, and the literals that came before it by UID."""
    status, text = client.uid("FETCH", uids, what)
    data: list[Any] = client.response("FETCH")[1] if status == "NO" else text
    found = {}
    for part in data or []:
        if isinstance(part, tuple):
            match = re.search(rb"UID (\d+)", part[0])
            assert match is not None
            found[int(match[1])] = part[1]
    return status, text[0] if status == "NO" else b"", found


def fetched(demo: Demo, uids: str, what: str) -> tuple[str, bytes, dict[int, bytes]]:
    """As a client that comes back does. Damage far inside a large message cuts the connection, once per message and
    front, for its length was told by then; the session goes on after all other damage.
    """
    for _ in range(CUTS_MAX):
        with contextlib.suppress(imaplib.IMAP4.abort), demo.inbox("alice") as client:
            answer = fetch(client, uids, what)
            assert client.noop()[0] == "OK"
            return answer
    pytest.fail("the connection is cut every time")


def test_the_damaged_messages_are_refused_and_the_others_are_served(damaged: Demo) -> None:
    status, text, found = fetched(damaged, "1:*", "(UID BODY.PEEK[])")
    assert (status, text[:12]) == ("NO", b"[CORRUPTION]")
    assert {uid: as_sent(octets) for uid, octets in found.items()} == {uid: sent(uid, SIZES[uid]) for uid in WHOLE}


@pytest.mark.parametrize("uid", sorted(DAMAGES))
def test_each_damaged_message_is_reported_by_its_uid(damaged: Demo, uid: int) -> None:
    def reports() -> int:
        return sum(record["e"]["uid"] == uid for record in events(damaged, "message_corrupt"))

    before = reports()
    status, text, found = fetched(damaged, str(uid), "(UID ENVELOPE BODY.PEEK[])")
    assert (status, text[:12]) == ("NO", b"[CORRUPTION]")
    assert not any(octets.startswith(b"Return-Path") for octets in found.values())
    until(lambda: reports() > before, "an event names the message")


def test_what_is_known_without_the_content_is_still_shown(damaged: Demo) -> None:
    with damaged.inbox("alice") as client:
        status, data = client.uid("FETCH", "1:*", "(UID FLAGS RFC822.SIZE)")
        assert (status, len(data)) == ("OK", len(SIZES))


def test_a_message_without_its_summary_can_still_be_read(damaged: Demo) -> None:
    with damaged.inbox("alice") as client:
        status, _text, found = fetch(client, str(WITHOUT_SUMMARY), "(UID BODY.PEEK[])")
        assert (status, as_sent(found[WITHOUT_SUMMARY])) == ("OK", sent(WITHOUT_SUMMARY, SMALL))
        status, text, _found = fetch(client, str(WITHOUT_SUMMARY), "(UID BODYSTRUCTURE)")
        assert (status, text[:12]) == ("NO", b"[CORRUPTION]")


def test_nothing_of_it_counts_as_a_bug(damaged: Demo) -> None:
    assert not events(damaged, "bug_caught")
