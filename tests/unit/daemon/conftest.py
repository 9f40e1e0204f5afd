from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from skrytka.daemon import services
from skrytka.daemon.config import load
from skrytka.daemon.deliveries import Base
from skrytka.daemon.messages import Start
from skrytka.daemon.prepare import read_master_key, read_recovery
from skrytka.daemon.services import Parts, compose
from skrytka.model.clock import FixedClock
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.store.client import StoreClient
from skrytka.store.open import open_local
from skrytka.store.seal.ring import KeyRing
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.support.local_inspector import LocalInspector
from tests.support.logs import CountingLog


@pytest.fixture(autouse=True)
def _open_memory() -> Iterator[None]:
    """The process that runs the tests holds no keys worth sealing, and stays open to debuggers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skrytka.daemon.prepare.seal_memory", lambda: None)
        patch.setattr("skrytka.daemon.offline.seal_memory", lambda: None)
        yield


@pytest.fixture
async def base(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Base]:
    """What a front brings, over a store in this process; a parameter has what is changed of the settings."""
    changes = getattr(request, "param", {})
    layout = installations.make_confirmed(tmp_path / "s")
    random, clock = SystemRandom(), SystemClock()
    ring = KeyRing(layout.ring, read_master_key(layout), read_recovery(layout).public_key, clock, random)
    store = open_local(layout.store, clock)
    settings = msgspec.structs.replace(load(layout.config).settings, **changes)
    yield Base(
        start=Start(kind="front", number=0, root=str(layout.root), settings=settings),
        layout=layout,
        store=cast("StoreClient", store),
        keys=LocalKeySource(ring, random),
        limits=LocalLimits(LimitTable(FixedClock())),
        inspector=LocalInspector(),
        events=CountingLog(),
        clock=clock,
        age=clock,
        random=random,
    )
    await store.close()
    ring.close()


@pytest.fixture
async def parts(base: Base, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """TLS is proven where OPENSSL_CONF is set, which it is not here."""
    monkeypatch.setattr(services, "prove", lambda _store: None)
    made = await compose(base)
    yield made
    made.close()
