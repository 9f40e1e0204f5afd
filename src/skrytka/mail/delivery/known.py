"""Accounts that nearly all mail is for, and domains that are not ours, kept until the directory changes.

A read of the database finds its pages dropped by every COMMIT of the writer, and costs a front 60 to 150 µs a
recipient. Only what no delivery changes is kept: an account with a quota is read each time. No address can be of a
domain that is not hosted, so mail that leaves is known by its domain.

What is kept is never older than the directory's last COMMIT that this process was told of: the store process tells it
right after its answer, and a new one is asked for all anew. For the instant between, mail may still be taken for an
address that goes; so it may between RCPT and the end of any message.
"""

from typing import Final

from skrytka.mail.delivery.types import Target
from skrytka.model.ids import AccountId, State
from skrytka.store.api import Store
from skrytka.store.rows import DIRECTORY_SUBJECT

KNOWN_MAX: Final = 10_000  # addresses, and as many domains: some 5 MB


class KnownAccounts:
    """Only for a store that tells of every change (the store process does; of several nodes none would)."""

    def __init__(self, store: Store) -> None:
        self._targets: dict[str, tuple[Target, ...]] = {}
        self._outside: set[str] = set()
        store.watch(AccountId(DIRECTORY_SUBJECT), self._changed)

    def __len__(self) -> int:
        return len(self._targets) + len(self._outside)

    def targets(self, key: str) -> tuple[Target, ...] | None:
        """Who takes mail for an account's own address (``Address.key``); None: look it up."""
        return self._targets.get(key)

    def keep(self, key: str, targets: tuple[Target, ...]) -> None:
        """What was read just now, without a wait since."""
        if len(self._targets) >= KNOWN_MAX:
            self._targets.clear()
        self._targets[key] = targets

    def is_outside(self, domain: str) -> bool:
        """Whether it is known that nobody of a domain (``Domain.name``) is of this server; False: look it up."""
        return domain in self._outside

    def keep_outside(self, domain: str) -> None:
        """As :meth:`keep`; anybody may ask for any domain, so there is a bound here, too."""
        if len(self._outside) >= KNOWN_MAX:
            self._outside.clear()
        self._outside.add(domain)

    def _changed(self, _state: State) -> None:
        self._targets.clear()
        self._outside.clear()
