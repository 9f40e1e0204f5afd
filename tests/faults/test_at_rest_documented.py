"""docs/at-rest.md against a used installation: every column of every table, every file, and what their values are."""

import asyncio
import contextlib
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import msgspec
import pytest

from skrytka.mail.admin.alerts import token_hash
from skrytka.mail.admin.compromise import CLOSED
from skrytka.mail.identity.passwords import Passwords
from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.model.ids import AccountId, UnitId, new_id
from skrytka.model.secret import Secret
from skrytka.store.commands import AddFactor, ChangePassword, LinkIdentity, PutCodes, PutMfaRule, UseFactor
from skrytka.store.commands.app_passwords import AddClientCertificate
from skrytka.store.commands.base import Command
from skrytka.store.commands.places import NotePlaces, Place, PutAlert
from skrytka.store.factor_rows import CodeKind, FactorKind, RuleScope
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.sql import directory
from tests.faults.test_at_rest import CLOCK, LARGE_BYTES, RANDOM, enqueue, letter, marker
from tests.support.faults.access import come_in
from tests.support.faults.all_kinds import demo_with_route, file_away, list_many, send_outside, set_apart
from tests.support.faults.contents import Contents, opened
from tests.support.faults.programs import let_in
from tests.support.tree import DOCS, code_spans, table_rows

PAGE = DOCS / "at-rest.md"
DATABASES = ("store/mail.sqlite", "ring/ring.sqlite", "events/index.sqlite")
WORDS = re.compile(r"[a-z0-9 _.:/@+*-]{0,100}", re.IGNORECASE)  # addresses, domains, words of the program, hex
HASHED = 16
ARRAYS = {bytes([first]) for first in range(0x90, 0xA0)}  # how an array begins in msgpack
SEALED_LEAST = 29


class Column(NamedTuple):
    database: str
    table: str
    name: str


def documented() -> dict[Column, str]:
    """Column -> how it is kept, as the page says."""
    found: dict[Column, str] = {}
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for section in sections:
        heading, _, body = section.partition("\n")
        for database in set(code_spans(heading)) & set(DATABASES):
            for table, columns, how, _what in table_rows(body):
                for column in code_spans(columns):
                    key = Column(database, code_spans(table)[0], column)
                    assert key not in found, f"{key} stands there twice"
                    found[key] = how
    return found


def documented_files() -> dict[str, str]:
    """Pattern -> when it is there."""
    section = PAGE.read_text(encoding="utf-8").partition("## Files\n")[2]
    return {code_spans(pattern)[0]: when for pattern, when, _what in table_rows(section)}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation in which everything has happened that can leave a row; stopped, as it would be carried away."""
    mark = marker()
    with demo_with_route(tmp_path_factory.mktemp("walk") / "demo") as demo:
        with demo.smtp() as client:
            client.ehlo("walk.example.net")
            for padding in (0, 0, LARGE_BYTES):
                everybody = ["alice@example.test", "bob+tag@example.test"]
                client.sendmail("sender@example.net", everybody, letter(mark, padding))
        with demo.inbox("alice") as client:
            assert client.uid("STORE", "1", "+FLAGS", f"({mark} \\Deleted)")[0] == "OK"
            assert client.expunge()[0] == "OK"
        send_outside(demo, letter(mark))
        file_away(demo, mark, letter(mark))
        set_apart(demo, letter(mark))
        list_many(demo, letter(mark))
        for command in (
            ["account", "add", "dora@example.test"],
            ["alias", "add", "team@example.test", "alice@example.test", "bob@example.test"],
            ["account", "suspend", "dora@example.test"],
            ["account", "remove", "carol@example.test", "--yes"],
            ["alias", "remove", "team@example.test"],
            ["trace", "alice@example.test"],
            ["app-password", "add", "bob@example.test", "telephone"],
            ["account", "control", "bob@example.test", "--service", "imap", "--network", "192.0.2.0/24"],
            ["account", "compromised", "dora@example.test"],
            ["account", "language", "bob@example.test", "pl"],
            ["domain", "language", "example.test", "en"],
            ["delegation", "add", "bob@example.test", "alice@example.test", "send_as"],
        ):
            demo.run(*command)
    with opened(demo.root) as contents:
        keys = LocalKeySource(contents.ring, RANDOM)
        asyncio.run(enqueue(contents, keys, mark, letter(mark)))
        asyncio.run(let_in(contents.store, keys, CLOCK, RANDOM))
        asyncio.run(guard(contents, mark))
        asyncio.run(come_in(contents.store, keys, CLOCK, RANDOM))
    return demo.root


async def guard(contents: Contents, mark: str) -> None:
    """What an account has beside its mail and its password."""
    alice = AccountId(1)
    keys = AccountKeys(AccountId(0), contents.ring.ensure("node:factors"), RANDOM)
    sealed = keys.seal(Kind.TEXT, b"factor", mark.encode())
    passwords = Passwords(Secret(b"p" * 32), RANDOM)
    stored = Verifier(await passwords.hash(alice, Secret(mark))).encode()
    passwords.close()
    (was,) = [row.verifier for row in await contents.store.read(directory.credentials(alice))]
    commands: tuple[Command[Any], ...] = (
        AddFactor(unit=unit(), account=alice, factor=1, kind=FactorKind.TOTP, sealed=sealed),
        UseFactor(unit=unit(), account=alice, factor=1, counter=2),
        PutCodes(unit=unit(), account=alice, kind=CodeKind.RECOVERY, macs=(RANDOM.token(16),), expires_at_ms=2**50),
        PutMfaRule(
            unit=unit(),
            scope=RuleScope.DOMAIN,
            subject="example.test",
            is_required=True,
            grace_ms=2**40,
            until_ms=2**50,
        ),
        ChangePassword(unit=unit(), account=alice, verifier=stored, was=was),
        AddClientCertificate(unit=unit(), account=alice, fingerprint=hashlib.sha256(mark.encode()).digest()),
        LinkIdentity(
            unit=unit(),
            account=alice,
            provider=RANDOM.token(16),
            identity=RANDOM.token(16),
            record=keys.seal(Kind.TEXT, b"identity", mark.encode()),
        ),
        NotePlaces(unit=unit(), account=alice, places=(Place("network", RANDOM.token(16)),)),
        PutAlert(unit=unit(), account=alice, token=token_hash(RANDOM.token(20)), expires_at_ms=2**50),
    )
    for command in commands:
        await contents.store.submit(command)


def unit() -> UnitId:
    return UnitId(new_id(CLOCK, RANDOM))


def connected(root: Path, database: str) -> "contextlib.closing[apsw.Connection]":
    return contextlib.closing(apsw.Connection(str(root / database), flags=apsw.SQLITE_OPEN_READONLY))


def columns(root: Path) -> dict[Column, list[Any]]:
    """Column -> its values, without NULL."""
    found: dict[Column, list[Any]] = {}
    for database in DATABASES:
        with connected(root, database) as db:
            tables: Any = list(db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
            for (table,) in tables:
                names: Any = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                rows: Any = list(db.execute(f"SELECT * FROM {table}"))
                for number, name in enumerate(names):
                    values = [row[number] for row in rows if row[number] is not None]
                    found[Column(database, table, name)] = values
    return found


# -- what the words of the page mean ----------------------------------------------------------------------------------


def is_clear(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and WORDS.fullmatch(value) is not None)


def is_short(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASHED


def is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 32 and is_dense(value) and not value.isascii()


def is_dense(value: bytes) -> bool:
    """Like random: what has a pattern gets shorter."""
    return len(zlib.compress(value, 9)) >= len(value)


def is_sealed(value: object) -> bool:
    return isinstance(value, bytes) and len(value) >= SEALED_LEAST and value[0] == 1 and is_dense(value)


def is_record(value: object) -> bool:
    return isinstance(value, bytes) and all(is_leaf(leaf) for leaf in leaves(msgspec.msgpack.decode(value)))


def is_leaf(value: object) -> bool:
    return value is None or any(check(value) for check in (is_clear, is_short, is_hash, is_sealed, is_nested))


def is_nested(value: object) -> bool:
    return isinstance(value, bytes) and value[:1] in ARRAYS and is_record(value)


def is_password(value: bytes) -> bool:
    if b"$argon2id$v=19$m=19456,t=2,p=1$" in value:
        return True
    return value[:1] in ARRAYS and decode_verifier(value).stored == CLOSED


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        yield from leaves([*value.keys(), *value.values()])
    else:
        yield value


CHECKS: dict[str, Callable[[Any], bool]] = {
    "clear": is_clear,
    "id": is_short,
    "keyed hash": lambda value: is_short(value) and is_dense(value),
    "sealed": is_sealed,
    "sealed words": lambda value: len(value) >= SEALED_LEAST and is_dense(value),
    "sealed blob": lambda value: value[:4] == b"SKB\x01" and is_dense(value),
    "wrapped key": lambda value: len(value) == 60 and is_dense(value),
    "hash": lambda value: is_hash(value) or (is_short(value) and is_dense(value)),
    "password hash": is_password,
    "record": is_record,
    "public key": lambda value: len(value) == 32 or (isinstance(value, str) and len(value) in {44, 392}),
}
NEVER_THE_SAME = ("sealed", "wrapped key", "sealed blob", "password hash")


def test_every_column_is_on_the_page_and_every_column_of_the_page_is_there(used: Path) -> None:
    page, there = documented(), columns(used)
    assert not sorted(set(there) - set(page)), "columns that docs/at-rest.md does not know"
    assert not sorted(set(page) - set(there)), "columns of docs/at-rest.md that are gone"


def test_every_value_is_what_the_page_says(used: Path) -> None:
    page = documented()
    for column, values in columns(used).items():
        how = page[column]
        wrong = [value for value in values if not CHECKS[how](value)]
        assert not wrong, f"{column} is not {how}: {wrong[:3]}"
        if how in NEVER_THE_SAME:
            assert len(set(values)) == len(values), f"{column}: two values are the same"


def test_the_walk_sees_every_kind_of_value(used: Path) -> None:
    page, there = documented(), columns(used)
    seen = {page[column] for column, values in there.items() if values}
    assert seen == set(CHECKS)
    filled = {column.table for column, values in there.items() if values}
    assert {column.table for column in there} - filled <= {"staged", "journal_reader", "replaced"}
    assert set(there[Column("store/mail.sqlite", "queue", "kind")]) == {0, 1}  # for here, for elsewhere
    assert "quarantine" in there[Column("store/mail.sqlite", "mailbox", "role")]


def test_every_file_is_on_the_page_and_only_its_owner_can_read_what_is_not_public(used: Path) -> None:
    page = documented_files()
    files = [path.relative_to(used).as_posix() for path in used.rglob("*") if path.is_file()]
    assert not [file for file in files if not any(fnmatch(file, pattern) for pattern in page)]
    always = [pattern for pattern, when in page.items() if when == "always"]
    assert not [pattern for pattern in always if not any(fnmatch(file, pattern) for file in files)]
    public = {"zone.yml", "keys/recovery.json", "keys/tls/ca.pem", "keys/tls/server.pem", "run/openssl.cnf"}
    open_to_others = {file for file in files if (used / file).stat().st_mode & 0o077}
    assert open_to_others <= public


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("clear", "A subject, for instance!"),
        ("clear", b"octets"),
        ("keyed hash", b"INBOX"),
        ("sealed", b"\x01" + b"Subject: a text " * 10),
        ("sealed", b"\x01short"),
        ("sealed blob", b"SKB\x01" + b"a" * 100),
        ("record", msgspec.msgpack.encode([1, [b"INBOX"]])),
        ("record", msgspec.msgpack.encode({"subject": "Hello, you!"})),
        ("password hash", b"hunter2"),
        ("hash", b"a" * 32),
    ],
)
def test_a_value_that_is_not_what_the_page_says_is_found(how: str, value: object) -> None:
    assert not CHECKS[how](value)
