from collections.abc import Callable
from typing import cast

from skrytka.model.ids import AccountId, State
from skrytka.store.api import Store
from skrytka.store.known import KnownOfDirectory
from skrytka.store.rows import DIRECTORY_SUBJECT


class Watched:
    """Tells of changes when the test says so."""

    def __init__(self) -> None:
        self.tell: Callable[[State], None] = lambda _state: None

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        assert account == DIRECTORY_SUBJECT
        self.tell = notify
        return lambda: None


def made(most: int = 10) -> tuple[Watched, KnownOfDirectory[str, int]]:
    store = Watched()
    return store, KnownOfDirectory[str, int](cast(Store, store), most)


def test_what_is_kept_is_known_until_the_directory_changes() -> None:
    store, known = made()
    known.keep("a", 1, known.changes)
    assert known.get("a") == 1
    store.tell(State(1))
    assert known.get("a") is None
    assert known.changes == 1


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    store, known = made()
    before = known.changes
    store.tell(State(1))
    known.keep("a", 1, before)
    assert known.get("a") is None


def test_a_full_table_is_emptied() -> None:
    _store, known = made(2)
    for number, key in enumerate("abc"):
        known.keep(key, number, known.changes)
    assert [known.get(key) for key in "abc"] == [None, None, 2]
