"""Who is told of changes."""

from skrytka.model.ids import AccountId
from skrytka.store.feed import FeedTable


def test_only_the_watchers_of_the_account_are_told() -> None:
    table = FeedTable()
    told: list[tuple[str, int]] = []
    stop_first = table.watch(AccountId(1), lambda state: told.append(("first", state)))
    table.watch(AccountId(1), lambda state: told.append(("second", state)))
    table.watch(AccountId(2), lambda state: told.append(("other", state)))
    table.changed([(1, 5), (3, 9)])
    stop_first()
    stop_first()
    table.changed([(1, 6)])
    table.wake_all()
    assert told == [("first", 5), ("second", 5), ("second", 6), ("second", 0), ("other", 0)]


def test_a_watcher_may_stop_while_it_is_told() -> None:
    table = FeedTable()
    told: list[int] = []
    stops = [table.watch(AccountId(1), told.append)]
    table.watch(AccountId(1), lambda _: stops[0]())
    table.changed([(1, 1)])
    table.changed([(1, 2)])
    assert told == [1]
