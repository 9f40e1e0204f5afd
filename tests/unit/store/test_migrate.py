"""Numbered migrations."""

from pathlib import Path

import apsw
import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.drivers.sqlite import ApswDb, drive
from skrytka.store.migrate import check_applied, check_current, migrate, migrations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("-- a comment; with a semicolon\nCREATE TABLE a (x INTEGER) STRICT;\n")
    return tmp_path


def memory() -> ApswDb:
    return ApswDb(apsw.Connection(":memory:"))


def test_migrations_run_once_and_in_order(folder: Path) -> None:
    db = memory()
    assert drive(db, migrate(1, migrations.__wrapped__(folder))) == 1
    (folder / "0002_more.sql").write_text("CREATE TABLE b (x INTEGER);\nINSERT INTO b VALUES (5);")
    both = migrations.__wrapped__(folder)
    assert drive(db, migrate(2, both)) == 1
    assert drive(db, migrate(3, both)) == 0
    assert db.execute("SELECT x FROM b", {}) == [(5,)]
    assert db.execute("SELECT number, applied_at_ms FROM migration", {}) == [(1, 1), (2, 2)]


def test_a_store_of_a_later_or_another_version_is_refused(folder: Path) -> None:
    db = memory()
    known = migrations.__wrapped__(folder)
    drive(db, migrate(1, known))
    with pytest.raises(PermanentError) as caught:
        drive(db, check_applied(()))
    assert caught.value.reason is Reason.UNSUPPORTED
    (folder / "0001_first.sql").write_text("CREATE TABLE other (x INTEGER);")
    with pytest.raises(PermanentError):
        drive(db, migrate(2, migrations.__wrapped__(folder)))


def test_a_store_that_is_behind_is_not_read() -> None:
    db = memory()
    drive(db, migrate(1, ()))
    with pytest.raises(PermanentError) as caught:
        drive(db, check_current())
    assert caught.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("name", ["0003_gap.sql", "2_short.sql", "0002-dash.sql"])
def test_names_of_migrations_have_a_form(folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(ValueError, match="migration"):
        migrations.__wrapped__(folder)


def test_the_first_migration_makes_every_table_of_the_store() -> None:
    db = memory()
    drive(db, migrate(1))
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'", {})}
    assert tables >= {"message", "content", "blob", "vault", "queue", "journal", "account", "mail_account", "mailbox"}


def test_accounts_with_a_password_for_the_web_alone_become_administrators() -> None:
    db = memory()
    drive(db, migrate(1, migrations()[:4]))
    verifiers = (b"\x92\xa51$abc\x91\xa3web", b"\x92\xa51$web\x90", b"\x92\xa51$abc\x92\xa3web\xa5imaps")
    for account, verifier in enumerate(verifiers, 1):
        values: dict[str, int | float | str | bytes | None] = {"account": account, "verifier": verifier}
        db.execute("INSERT INTO account VALUES (:account, 'x', 1, 'active', 1, NULL)", values)
        db.execute("INSERT INTO credential VALUES (:account, 1, 'password', :verifier, 1)", values)
    drive(db, migrate(2))
    assert db.execute("SELECT account FROM account WHERE is_admin = 1", {}) == [(1,)]
