from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, BlobId
from skrytka.model.secret import Secret
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import KeyRing
from skrytka.store.seal.source import KeySource, LocalKeySource
from skrytka.store.system import SystemRandom

RANDOM = SystemRandom()
ALICE = AccountId(1)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    public = RecoveryKey(Secret(b"s" * 32)).public
    return KeyRing.initialise(tmp_path / "ring.sqlite", Secret(b"m" * 32), public, FixedClock(), RANDOM)


@pytest.fixture
def source(ring: KeyRing) -> KeySource:
    return LocalKeySource(ring, RANDOM)


async def test_an_account_has_keys_once_they_are_made(source: KeySource) -> None:
    with pytest.raises(PermanentError) as caught:
        await source.account(ALICE)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    await source.create_account(ALICE)
    keys = await source.account(ALICE)
    assert keys.account == ALICE
    assert await source.account(ALICE) is keys


async def test_making_an_account_twice_keeps_its_key(source: KeySource, ring: KeyRing) -> None:
    await source.create_account(ALICE)
    wrapped = (await source.account(ALICE)).wrap_blob_key(BlobId(b"B" * 16), b"R" * 16, Secret(b"k" * 32))
    await source.create_account(ALICE)
    fresh = await LocalKeySource(ring, RANDOM).account(ALICE)
    assert fresh.unwrap_blob_key(BlobId(b"B" * 16), b"R" * 16, wrapped).reveal() == b"k" * 32


async def test_a_node_has_its_keys_from_the_start(source: KeySource) -> None:
    pepper = await source.node("node:pepper")
    assert len(pepper) == 32
    assert (await source.node("node:queue")).reveal() != pepper.reveal()


async def test_a_key_the_node_does_not_have_is_not_made_by_asking(source: KeySource) -> None:
    with pytest.raises(PermanentError) as caught:
        await source.node("node:other")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
