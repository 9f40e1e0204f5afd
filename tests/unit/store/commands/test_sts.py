"""Policies of others are kept, replaced by later ones, and forgotten; on both engines."""

import pytest

from skrytka.model.errors import PermanentError
from skrytka.store.commands import DropStsPolicies, PutStsPolicy
from skrytka.store.commands.sts import DOMAINS_MAX, SEALED_MAX_BYTES
from skrytka.store.sql import sts as sql
from tests.support.store import StoreCase

A, B, C = b"a" * 16, b"b" * 16, b"c" * 16


async def put(case: StoreCase, domain: bytes, fetched_at_ms: int, sealed: bytes) -> None:
    command = PutStsPolicy(unit=case.ids.unit(), domain=domain, fetched_at_ms=fetched_at_ms, sealed=sealed)
    assert await case.store.submit(command) == 1


async def test_a_policy_is_kept_and_only_a_later_one_replaces_it(case: StoreCase) -> None:
    assert await case.store.read(sql.policy(A)) is None
    await put(case, A, 10, b"one")
    await put(case, A, 20, b"two")
    await put(case, A, 15, b"late")
    assert await case.store.read(sql.policy(A)) == b"two"
    await put(case, A, 20, b"used")
    assert await case.store.read(sql.policy(A)) == b"used"


async def test_old_ones_come_in_batches_and_can_be_forgotten(case: StoreCase) -> None:
    for number, domain in enumerate((C, A, B)):
        await put(case, domain, number, domain[:1])
    assert await case.store.read(sql.fetched_before(2, b"", 1)) == [(A, b"a")]
    assert await case.store.read(sql.fetched_before(2, A, 1)) == [(C, b"c")]
    assert await case.store.read(sql.fetched_before(3, b"", 9)) == [(A, b"a"), (B, b"b"), (C, b"c")]
    await case.store.submit(DropStsPolicies(unit=case.ids.unit(), domains=(A, C)))
    assert await case.store.read(sql.fetched_before(3, b"", 9)) == [(B, b"b")]


async def test_too_much_is_refused(case: StoreCase) -> None:
    with pytest.raises(PermanentError):
        await put(case, A, 1, bytes(SEALED_MAX_BYTES + 1))
    with pytest.raises(PermanentError):
        await case.store.submit(DropStsPolicies(unit=case.ids.unit(), domains=(A,) * (DOMAINS_MAX + 1)))
