"""Beside ``tests/unit/store/commands/test_oauth.py``: what is asked of the database."""

from collections.abc import Generator
from typing import Any

import pytest

from skrytka.model.ids import AccountId
from skrytka.store.sql import oauth as sql

ALICE = AccountId(1)


def told(query: Generator[Any, Any, Any], rows: list[Any]) -> object:
    next(query)
    with pytest.raises(StopIteration) as done:
        query.send(rows)
    return done.value.value


def test_nothing_there_is_none() -> None:
    for query in (
        sql.client("c"),
        sql.grant(ALICE, b"g"),
        sql.token(ALICE, b"t"),
        sql.code(ALICE, b"c"),
        sql.device(b"d"),
        sql.device_by_user_code(b"u"),
    ):
        assert told(query, []) is None


def test_a_suspended_account_is_not_active() -> None:
    row = (1, "a@example.org", "suspended", b"g", "c", "imap", 1, 2, 3)
    found: Any = told(sql.token(ALICE, b"t"), [row])
    assert found.is_active is False
