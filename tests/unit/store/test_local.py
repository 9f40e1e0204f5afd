"""The store in one process: what quick tests of the layers above stand on."""

from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError
from skrytka.store.api import Store
from skrytka.store.commands import RemoveDomain
from skrytka.store.local import LocalStore
from tests.support.store import StoreCase, deliver


async def test_it_is_a_store_and_keeps_what_it_committed(tmp_path: Path) -> None:
    local = LocalStore(tmp_path, FixedClock())
    store: Store = local
    case = StoreCase(store, tmp_path, "sqlite", FixedClock())
    alice, _ = await case.two_accounts()
    states: list[int] = []
    stop = store.watch(alice, states.append)
    await store.submit(deliver(case.ids, alice))
    stop()
    assert states == [2]
    with pytest.raises(PermanentError):
        await store.submit(RemoveDomain(unit=case.ids.unit(), name="x.test"))
    await local.close()
    again = LocalStore(tmp_path, FixedClock())
    case.store = again
    (answer,) = await again.submit(deliver(case.ids, alice))
    assert answer.uid == 2
    await again.close()
