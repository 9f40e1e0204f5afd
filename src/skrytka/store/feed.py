"""Who wants to know when an account changes."""

from collections.abc import Callable, Iterable

from skrytka.model.ids import AccountId, State


class FeedTable:
    """Watchers by account; they are called from the loop and must not raise."""

    def __init__(self) -> None:
        self._watchers: dict[int, dict[int, Callable[[State], None]]] = {}
        self._last = 0

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        """Add a watcher; the result removes it, once or more often."""
        self._last += 1
        number = self._last
        self._watchers.setdefault(account, {})[number] = notify

        def stop() -> None:
            watchers = self._watchers.get(account, {})
            watchers.pop(number, None)
            if not watchers:
                self._watchers.pop(account, None)

        return stop

    def changed(self, changes: Iterable[tuple[int, int]]) -> None:
        """Tell the watchers of these accounts their new states."""
        for account, state in changes:
            for notify in list(self._watchers.get(account, {}).values()):
                notify(State(state))

    def wake_all(self) -> None:
        """Something may have been missed: tell every watcher state 0."""
        self.changed([(account, 0) for account in self._watchers])
