"""Beside ``tests/unit/store/commands/test_sts.py``: what is asked of the database."""

import pytest

from skrytka.store.sql import sts as sql


def test_nothing_kept_is_none() -> None:
    query = sql.policy(b"x")
    next(query)
    with pytest.raises(StopIteration) as done:
        query.send([])
    assert done.value.value is None
