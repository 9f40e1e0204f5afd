from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from skrytka.daemon import services
from skrytka.daemon.layout import Layout
from skrytka.daemon.messages import Start
from skrytka.daemon.services import Base, Parts, compose
from skrytka.mail.admin.types import AccountInfo
from skrytka.mail.delivery.local import Delivery
from skrytka.mail.delivery.message import Sealed
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError
from skrytka.model.secret import Secret
from skrytka.model.settings import Accounts, Dkim, Settings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.store.client import StoreClient
from skrytka.store.open import open_local
from skrytka.store.seal.ring import KeyRing
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.support.local_inspector import LocalInspector
from tests.support.logs import CountingLog


@pytest.fixture
async def parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[Parts]:
    """A front's parts over a store in this process; TLS is proven where OPENSSL_CONF is set, which it is not here."""
    changes = getattr(request, "param", {})  # of the settings
    monkeypatch.setattr(services, "prove", lambda _store: None)
    layout = installations.make_confirmed(tmp_path / "s")
    from skrytka.daemon.config import load
    from skrytka.daemon.prepare import read_master_key, read_recovery

    random, clock = SystemRandom(), SystemClock()
    ring = KeyRing(layout.ring, read_master_key(layout), read_recovery(layout).public_key, clock, random)
    store = open_local(layout.store, clock)
    settings = msgspec.structs.replace(load(layout.config).settings, **changes)
    made = await compose(
        Base(
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
    )
    yield made
    made.close()
    await store.close()
    ring.close()


async def test_each_listener_gets_its_service(parts: Parts) -> None:
    smtp, imap, imaps = (parts.service(name) for name in ("smtp", "imap", "imaps"))
    assert (smtp.is_implicit_tls, imap.is_implicit_tls, imaps.is_implicit_tls) == (False, False, True)
    assert smtp.refusal.startswith(b"421 ")
    assert imap.refusal.startswith(b"* BYE")
    assert imaps.refusal == b""
    assert smtp.session != imap.session
    assert parts.surroundings.tls is not None


async def test_what_the_control_socket_makes_is_found_by_port_25(parts: Parts) -> None:
    control = parts.control()
    made = await control.admin.init("example.test", "admin@example.test", Secret("pw"), "local root")
    assert isinstance(made, AccountInfo)
    resolution = await parts._mx.recipients.resolve(Address.parse("postmaster@example.test"))
    assert [target.account for target in resolution.targets] == [made.account]
    assert control.check is not None
    assert control.trace is not None


@pytest.mark.parametrize(
    ("parts", "is_signed"), [({}, True), ({"dkim": Dkim(is_signing=False)}, False)], indirect=["parts"]
)
async def test_what_leaves_is_signed_unless_the_settings_say_no(parts: Parts, *, is_signed: bool) -> None:
    delivery = cast("Delivery", parts._submission.delivery)
    message = delivery.begin_submission(is_leaving=True)
    await message.write(b"From: a@example.test\r\n\r\nbody\r\n")
    sealed = await message.finish()
    await message.abort()
    assert isinstance(sealed, Sealed)
    assert bool(sealed.hashes) is is_signed
    assert (delivery._deps.signing is not None) is is_signed


async def test_sessions_that_begin_after_a_reload_have_the_new_settings(parts: Parts) -> None:
    before = parts._mx
    fresh = msgspec.structs.replace(
        parts.settings,
        accounts=Accounts(quota_bytes=5, subaddress_separator="-"),
        smtp=msgspec.structs.replace(parts.settings.smtp, errors=3),
    )
    await parts.reload(fresh)
    assert parts._mx is not before
    assert parts._mx.limits.errors == 3
    assert parts.settings is fresh


async def test_a_broken_certificate_leaves_everything_as_it_was(parts: Parts, tmp_path: Path) -> None:
    before, settings = parts._mx, parts.settings
    (tmp_path / "s/keys/tls/server.key").write_text("broken")
    with pytest.raises(PermanentError):
        await parts.reload(msgspec.structs.replace(settings, fronts=9))
    assert parts._mx is before
    assert parts.settings is settings


async def test_without_a_certificate_there_is_no_tls(tmp_path: Path, parts: Parts) -> None:
    base = parts._base
    bare = Settings(version=1, hostname="mail.example.test")
    without = Parts(
        Base(
            start=Start(kind="front", number=0, root=str(tmp_path), settings=bare),
            layout=Layout(tmp_path),
            store=base.store,
            keys=base.keys,
            limits=base.limits,
            inspector=base.inspector,
            events=base.events,
            clock=base.clock,
            age=base.age,
            random=base.random,
        ),
        parts._passwords,
        Secret(bytes(32)),
    )
    without.prove_tls()
    assert without.surroundings.tls is None
    assert not without._imap.is_tls_available


async def test_the_queue_has_a_courier(parts: Parts) -> None:
    assert await parts.courier().run_once() == 0
