from pathlib import Path
from types import SimpleNamespace

from skrytka.daemon.login_watch import login_watch
from skrytka.model.clock import FixedClock
from skrytka.model.secret import Secret
from skrytka.model.settings import Attacks
from skrytka.store.commands import NotePlaces, Place
from skrytka.store.local import LocalStore
from skrytka.store.sql import places as sql
from tests.support.store import StoreCase
from tests.unit.mail.support import CountingRandom, Recorder


async def test_what_is_long_unseen_is_forgotten_by_the_settings_of_now(tmp_path: Path) -> None:
    clock = FixedClock()
    store = LocalStore(tmp_path / "store", clock)
    case = StoreCase(store, tmp_path / "store", "sqlite", clock)
    base = SimpleNamespace(
        layout=SimpleNamespace(root=tmp_path),
        store=store,
        clock=clock,
        age=clock,
        random=CountingRandom(),
        events=Recorder(),
        settings=SimpleNamespace(attacks=Attacks(country_files=())),
        tried=lambda _tried: None,
    )
    watch = login_watch(base, Secret(b"n" * 32))  # type: ignore[arg-type]
    await case.domain()
    account = await case.account()
    await store.submit(NotePlaces(unit=case.ids.unit(), account=account, places=(Place("network", b"a"),)))
    clock.advance(100 * 86_400)
    await watch.expire()
    assert len(await store.read(sql.of_address("alice@example.test"))) == 1
    await watch.use(Attacks(places_days=90))
    await watch.expire()
    assert await store.read(sql.of_address("alice@example.test")) == []
    await store.close()
