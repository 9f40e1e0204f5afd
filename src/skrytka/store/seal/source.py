"""Where the parts above get keys from: the front asks the key agent, tests and the stopped-server CLI a ring."""

from typing import Protocol

from skrytka.model.clock import Random
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.ring import KeyRing, account_subject


class KeySource(Protocol):
    """Keys by account or subject.

    PermanentError(KEY_UNAVAILABLE) when there is none or it is on its way to destruction, PermanentError(CORRUPT) when
    its entry is damaged, TransientError when the key agent does not answer.
    """

    async def account(self, account: AccountId) -> AccountKeys:
        """The working keys of one account."""
        ...

    async def node(self, subject: str) -> Secret:
        """A key of the node itself, ``node:queue`` for instance."""
        ...

    async def create_account(self, account: AccountId) -> None:
        """Make the account's key, durably; nothing happens when it is there already."""
        ...


class LocalKeySource:
    """A KeySource over a ring in this process; keeps what it has opened."""

    def __init__(self, ring: KeyRing, random: Random) -> None:
        self._ring = ring
        self._random = random
        self._accounts: dict[AccountId, AccountKeys] = {}

    async def account(self, account: AccountId) -> AccountKeys:
        keys = self._accounts.get(account)
        if keys is None:
            keys = AccountKeys(account, self._ring.get(account_subject(account)), self._random)
            self._accounts[account] = keys
        return keys

    async def node(self, subject: str) -> Secret:
        return self._ring.node(subject)

    async def create_account(self, account: AccountId) -> None:
        self._ring.ensure(account_subject(account))
