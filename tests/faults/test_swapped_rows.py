"""Somebody who writes to the disk and has no key: what he moves from one row to another does not open there."""

import imaplib
from collections.abc import Iterator
from random import Random
from typing import Any

import apsw
import pytest

from tests.support.demo import Demo
from tests.support.faults.imap import as_sent
from tests.support.faults.load import message

CONTENT = ("blob_id", "wrapped_key")  # which octets the message has
PAIRS: dict[tuple[int, int], tuple[str, ...]] = {
    (1, 2): CONTENT,
    (3, 4): ("prefix",),
    (5, 6): ("summary",),
    (7, 8): (*CONTENT, "digest"),
}
WHOLE = 9
FIND = (
    "SELECT c.email_id FROM message m JOIN content c USING (account, email_id) JOIN account a USING (account)"
    " WHERE a.address = ? AND m.uid = ?"
)


def sent(name: str, uid: int) -> bytes:
    return message(f"{name}-{uid}", 2_000, Random(uid))


def swap(db: apsw.Connection, table: str, columns: tuple[str, ...], left: Any, right: Any) -> None:
    key = {"content": "email_id", "credential": "account"}[table]
    names, marks = ", ".join(columns), ", ".join(f"{name} = ?" for name in columns)
    rows: list[Any] = [
        db.execute(f"SELECT {names} FROM {table} WHERE {key} = ?", (row,)).fetchall()[0] for row in (left, right)
    ]
    for row, values in ((left, rows[1]), (right, rows[0])):
        db.execute(f"UPDATE {table} SET {marks} WHERE {key} = ?", (*values, row))


def found(db: apsw.Connection, find: str, *what: Any) -> Any:
    ((row,),) = db.execute(find, what).fetchall()
    return row


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("swapped") / "demo") as demo:
        for uid in range(1, WHOLE + 1):
            demo.send("alice@example.test", sent("alice", uid))
        demo.send("bob@example.test", sent("bob", 1))
    db = apsw.Connection(str(demo.root / "store" / "mail.sqlite"))
    alice, bob = "alice@example.test", "bob@example.test"
    for (left, right), columns in PAIRS.items():
        swap(db, "content", columns, found(db, FIND, alice, left), found(db, FIND, alice, right))
    hers, his = found(db, FIND, alice, 8), found(db, FIND, bob, 1)
    swap(db, "content", ("blob_id", "wrapped_key", "prefix", "summary"), hers, his)
    find = "SELECT c.account FROM credential c JOIN account a USING (account) WHERE a.address = ?"
    swap(db, "credential", ("verifier",), found(db, find, "carol@example.test"), found(db, find, bob))
    db.close()
    with Demo(demo.root) as demo:
        yield demo


@pytest.mark.parametrize("uid", range(1, WHOLE))
def test_what_was_moved_does_not_open_in_another_message_s_row(swapped: Demo, uid: int) -> None:
    with swapped.inbox("alice") as client:
        status, data = client.uid("FETCH", str(uid), "(UID ENVELOPE BODY.PEEK[])")
        said: list[Any] = client.response("FETCH")[1] if status == "NO" else data
    assert status == "NO"
    assert not any(isinstance(part, tuple) and b"Return-Path" in part[1] for part in said or [])


def test_the_others_are_served(swapped: Demo) -> None:
    with swapped.inbox("alice") as client:
        _status, data = client.uid("FETCH", str(WHOLE), "(BODY.PEEK[])")
    (octets,) = [part[1] for part in data if isinstance(part, tuple)]
    assert as_sent(octets) == sent("alice", WHOLE)


def test_a_password_does_not_open_the_account_that_its_hash_was_moved_to(swapped: Demo) -> None:
    passwords = swapped.facts["accounts"]
    for name, other in (("bob", "carol"), ("carol", "bob")):
        with swapped.imaps() as client, pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(f"{name}@example.test", passwords[f"{other}@example.test"])
