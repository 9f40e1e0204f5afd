import msgspec
import pytest

from skrytka.daemon.reload import AT_START, restart_needed
from skrytka.model.settings import Login, Settings, Store
from tests.support.tree import DOCS, code_spans, table_rows

OLD = Settings(version=1, hostname="mail.example.test")
ROWS = [(code_spans(row[0]), row[2]) for row in table_rows((DOCS / "settings.md").read_text(encoding="utf-8"))]
DOCUMENTED = {name: after for names, after in ROWS for name in names if after in ("reload", "restart")}


def test_what_is_read_once_is_named() -> None:
    new = msgspec.structs.replace(OLD, hostname="mx.example.test", fronts=3, login=Login(window_s=5))
    assert restart_needed(OLD, new) == ["hostname", "fronts"]
    assert restart_needed(OLD, OLD) == []


def test_of_a_section_only_what_waits_is_named() -> None:
    new = msgspec.structs.replace(OLD, store=Store(vault_days=3, journal_days=9))
    assert restart_needed(OLD, new) == []
    new = msgspec.structs.replace(OLD, store=Store(wal_checkpoint_bytes=5))
    assert restart_needed(OLD, new) == ["store.wal_checkpoint_bytes"]


@pytest.mark.parametrize(("name", "after"), DOCUMENTED.items())
def test_the_page_of_settings_says_the_same(name: str, after: str) -> None:
    is_at_start = any(name == start or name.startswith(start + ".") for start in (*AT_START, "version"))
    assert (after == "restart") is is_at_start
