import asyncio

import pytest

from skrytka.mail.identity.passwords import PASSWORD_MAX_BYTES, Cost, Passwords, RecentLogins, prepare
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from tests.unit.mail.support import CountingRandom

ALICE = AccountId(7)
CHEAP = Cost(passes=1, memory_kib=64)


def passwords(pepper: bytes = b"p" * 32, cost: Cost = CHEAP, waiting_max: int = 10) -> Passwords:
    return Passwords(Secret(pepper), CountingRandom(), cost=cost, threads=1, waiting_max=waiting_max)


async def test_the_right_password_is_right_and_a_wrong_one_is_not() -> None:
    pool = passwords()
    stored = await pool.hash(ALICE, Secret("korrekt Pferd"))
    assert (await pool.verify(ALICE, Secret("korrekt Pferd"), stored)).is_right
    assert not (await pool.verify(ALICE, Secret("korrekt pferd"), stored)).is_right
    assert not (await pool.verify(ALICE, Secret(""), stored)).is_right


async def test_the_default_cost_is_that_of_the_design() -> None:
    pool = Passwords(Secret(b"p" * 32), CountingRandom())
    assert (await pool.hash(ALICE, Secret("x"))).startswith("1$$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_stolen_hash_is_worth_nothing_without_the_pepper() -> None:
    stored = await passwords(b"p" * 32).hash(ALICE, Secret("secret"))
    assert not (await passwords(b"q" * 32).verify(ALICE, Secret("secret"), stored)).is_right


async def test_a_hash_put_into_another_account_s_row_opens_nothing_there() -> None:
    stored = await passwords().hash(AccountId(8), Secret("secret"))
    assert not (await passwords().verify(ALICE, Secret("secret"), stored)).is_right


async def test_nobody_has_the_password_of_an_unknown_account() -> None:
    pool = passwords()
    assert not (await pool.verify(ALICE, Secret("x"), None)).is_right
    assert not (await pool.verify(ALICE, Secret("x"), "no hash at all")).is_right
    assert not (await pool.verify(ALICE, Secret("x"), "1$broken")).is_right


async def test_a_hash_with_other_parameters_is_right_and_outdated() -> None:
    stored = await passwords().hash(ALICE, Secret("x"))
    dearer = passwords(cost=Cost(passes=2, memory_kib=64))
    check = await dearer.verify(ALICE, Secret("x"), stored)
    assert check.is_right
    assert check.is_outdated
    assert not (await dearer.verify(ALICE, Secret("y"), stored)).is_outdated


async def test_composed_and_decomposed_letters_are_one_password() -> None:
    pool = passwords()
    stored = await pool.hash(ALICE, Secret("za\u017c\u00f3\u0142\u0107"))
    assert (await pool.verify(ALICE, Secret("zaz\u0307o\u0301\u0142c\u0301"), stored)).is_right


@pytest.mark.parametrize("raw", [b"", b"x" * (PASSWORD_MAX_BYTES + 1), b"a\0b"])
async def test_impossible_passwords_are_not_hashed(raw: bytes) -> None:
    assert prepare(Secret(raw)) is None
    with pytest.raises(PermanentError) as caught:
        await passwords().hash(ALICE, Secret(raw))
    assert caught.value.reason is Reason.BAD_SYNTAX


def test_octets_that_are_no_utf8_are_kept() -> None:
    assert prepare(Secret(b"caf\xe9")) == b"caf\xe9"


async def test_when_too_many_wait_the_next_is_told_to_come_back() -> None:
    pool = passwords(waiting_max=2)
    results = await asyncio.gather(*(pool.verify(ALICE, Secret("x"), None) for _ in range(4)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, TransientError)]
    assert len(refused) == 2
    assert not (await pool.verify(ALICE, Secret("x"), None)).is_right  # and it recovers


def test_a_recent_login_is_remembered_for_some_minutes_and_for_that_credential_only() -> None:
    clock = FixedClock()
    recent = RecentLogins(clock, CountingRandom(), keep_s=300)
    alice = AccountId(1)
    recent.add(alice, "hash", Secret("x"))
    assert recent.has(alice, "hash", Secret("x"))
    assert not recent.has(alice, "hash", Secret("y"))
    assert not recent.has(alice, "new hash", Secret("x"))
    assert not recent.has(AccountId(2), "hash", Secret("x"))
    clock.advance(300)
    assert not recent.has(alice, "hash", Secret("x"))


def test_one_that_may_change_elsewhere_is_remembered_for_a_time_of_its_own_and_alone() -> None:
    clock = FixedClock()
    recent, alice, bob = RecentLogins(clock, CountingRandom(), keep_s=300), AccountId(1), AccountId(2)
    recent.add(alice, "entry", Secret("old"), 60)
    recent.add(bob, "entry", Secret("old"), 60)
    recent.add(alice, "entry", Secret("old"), 60)
    assert recent.has(alice, "entry", Secret("old"))
    recent.add(alice, "entry", Secret("new"), 60)  # so it was changed
    assert not recent.has(alice, "entry", Secret("old"))
    assert recent.has(alice, "entry", Secret("new"))
    assert recent.has(bob, "entry", Secret("old"))
    clock.advance(60)
    assert not recent.has(alice, "entry", Secret("new"))
    recent.add(alice, "entry", Secret("new"), 0)
    assert not recent.has(alice, "entry", Secret("new"))
    assert passwords().keep_s("hash") is None


def test_what_is_remembered_is_bounded() -> None:
    recent = RecentLogins(FixedClock(), CountingRandom(), entries_max=2)
    for name in "abc":
        recent.add(AccountId(1), "hash", Secret(name))
    assert [recent.has(AccountId(1), "hash", Secret(name)) for name in "abc"] == [False, True, True]
    for number in range(9):
        recent.add(AccountId(number), "entry", Secret("x"), 60)
    assert len(recent._only) <= 2


async def test_nothing_of_a_long_password_is_cut_off() -> None:
    made = passwords()
    long = "long words " * 90
    stored = await made.hash(ALICE, Secret(long + "a"))
    assert (await made.verify(ALICE, Secret(long + "a"), stored)).is_right
    for other in (long + "b", long, " " + long + "a", long.upper() + "a"):
        assert not (await made.verify(ALICE, Secret(other), stored)).is_right
    made.close()
