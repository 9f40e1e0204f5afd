import asyncio

import pytest

from skrytka.mail.identity import app_passwords
from skrytka.mail.identity.app_passwords import (
    AppKeys,
    AppPassword,
    AppPasswords,
    AppRecord,
    AppUse,
    canonical,
    new_secret,
    shown,
)
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.scram import ScramKeys
from skrytka.store.commands import RemoveAppPasswords
from skrytka.store.rows import AppPasswordRow
from tests.unit.mail.identity.programs_world import Programs
from tests.unit.mail.support import CountingRandom, PeerFacts
from tests.unit.mail.world import World

LETTERS = "abcd-efgh-ijkl-mnop-qrst-uvwx-yz23-4567"


class Ones:
    def token(self, length: int) -> bytes:
        return b"\xff" * length


def test_a_secret_has_160_bit_in_groups_that_can_be_typed() -> None:
    assert new_secret(Ones()) == "7" * 32
    assert len({new_secret(CountingRandom()) for _ in range(3)}) == 1
    assert shown("abcdefghijklmnopqrstuvwxyz234567") == LETTERS


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [
        (LETTERS, True),
        (LETTERS.upper(), True),
        (LETTERS.replace("-", " "), True),
        (LETTERS.replace("-", ""), True),
        (f" {LETTERS} ", True),
        (LETTERS[:-1], False),
        (LETTERS.replace("a", "1"), False),
        (LETTERS + "a", False),
        ("correct horse battery staple 1234", False),
        ("", False),
        ("ż" * 32, False),
        ("a" * 500, False),
    ],
)
def test_dashes_spaces_and_case_do_not_matter(typed: str, is_one: bool) -> None:
    assert canonical(Secret(typed)) == ("abcdefghijklmnopqrstuvwxyz234567" if is_one else None)


def test_keys_open_for_their_account_and_secret_only() -> None:
    keys = AppKeys(Secret(b"k" * 32))
    scram = ScramKeys(b"s" * 32, b"t" * 32)
    mac = keys.mac(AccountId(7), "secret")
    assert mac != keys.mac(AccountId(8), "secret")
    sealed = keys.seal(AccountId(7), mac, AppRecord(scram, "phone"), CountingRandom())
    use = keys.seal(AccountId(7), mac, AppUse("192.0.2.7", "imaps"), CountingRandom())
    assert not any(word in sealed + use for word in (scram.stored, b"phone", b"192.0.2.7"))
    row = AppPasswordRow(AccountId(7), 1, mac, sealed, 0, 0, 0, None)
    assert keys.open(row).record == AppRecord(scram, "phone")
    assert keys.open_use(row) is None
    assert keys.open_use(row._replace(used=use)) == AppUse("192.0.2.7", "imaps")
    for change in ({"account": AccountId(8)}, {"mac": b"x" * 32}, {"record": sealed[:-1]}, {"record": use}):
        with pytest.raises(PermanentError):
            keys.open(row._replace(**change))
    assert keys.name_mac(AccountId(7), "phone") != keys.name_mac(AccountId(8), "phone")
    assert keys.salt("alice@example.test") == keys.salt("alice@example.test") != keys.salt("nobody@example.test")


@pytest.mark.parametrize(
    ("services", "networks", "expires_at_ms", "refusal"),
    [
        ((), (), 0, None),
        (("imap",), ("192.0.2.0/24",), 1001, None),
        ((), (), 1000, Reason.EXPIRED),
        (("smtp",), (), 0, Reason.NOT_PERMITTED),
        ((), ("198.51.100.0/24", "2001:db8::/32"), 0, Reason.NETWORK_NOT_ALLOWED),
    ],
)
def test_each_opens_where_and_as_long_as_it_may(
    services: tuple[str, ...], networks: tuple[str, ...], expires_at_ms: int, refusal: Reason | None
) -> None:
    record = AppRecord(ScramKeys(b"s", b"t"), "phone", services, networks)
    app = AppPassword(AccountId(7), 1, b"m", record, expires_at_ms)
    assert app.refusal(PeerFacts(), 1000) is refusal


async def test_one_is_read_once_until_the_directory_changes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Programs(world)
    typed = await made.add()
    account = await world.account("alice")
    reads = 0
    read = world.store.read

    async def counting(query: object) -> object:
        nonlocal reads
        reads += 1
        return await read(query)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "read", counting)
    for _ in range(3):
        found = await made.apps.find(account, Secret(typed.upper()))
        assert found is not None
        assert found.record.name == "phone"
    assert reads == 1
    await world.store.submit(RemoveAppPasswords(unit=made.unit(), account=account))
    await asyncio.sleep(0)
    assert await made.apps.find(account, Secret(typed)) is None
    assert await made.apps.find(account, Secret("no app password at all")) is None
    assert reads == 2


async def test_what_is_known_has_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_passwords, "KNOWN_MAX", 1)
    made = Programs(world)
    typed = [await made.add(called=name) for name in ("phone", "tablet")]
    account = await world.account("alice")
    for each in typed * 2:
        assert await made.apps.find(account, Secret(each)) is not None


async def test_keys_of_scram_come_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_passwords, "SLICE", 2)
    made = Programs(world)
    for number in range(3):
        await made.add(called=f"app {number}")
    other = AppPasswords(world.store, world.keys, world.clock, world.random)
    slices = [[app.record.name for app in some] async for some in other.slices(await world.account("alice"))]
    assert slices == [["app 0", "app 1"], ["app 2"]]
