"""In which language owners are written to: that of their account, else of its domain, else the server's."""

from collections.abc import Mapping
from typing import Any, TypeVar

from skrytka.model.ids import AccountId
from skrytka.store.api import Store
from skrytka.store.sql import languages as sql

T = TypeVar("T")


async def words_of(store: Store, account: AccountId, known: Mapping[Any, T], default: T) -> T:
    """The words for the owner of an account. TransientError while nothing can be read."""
    return known.get(await store.read(sql.of_account(account)), default)


async def words_of_domain(store: Store, domain: str, known: Mapping[Any, T], default: T) -> T:
    """The words for whoever answers for a domain."""
    return known.get(await store.read(sql.of_domain(domain)), default)
