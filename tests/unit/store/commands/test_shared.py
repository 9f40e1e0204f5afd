"""Steps that handlers share."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.shared import checked_place, number, uidvalidity_s
from skrytka.store.ranges import UID_MAX

ALICE = AccountId(1)


def test_a_place_is_mailbox_and_uid() -> None:
    assert checked_place([(2, 7)], ALICE) == (2, 7)


@pytest.mark.parametrize(
    ("rows", "reason"), [([], Reason.NO_SUCH_MAILBOX), ([(2, UID_MAX)], Reason.TOO_MANY)], ids=["none", "last UID"]
)
def test_no_place_is_a_refusal(rows: list[tuple[object, ...]], reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        checked_place(rows, ALICE)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("now_ms", "first"),
    [(0, 1), (999, 1), (1_795_343_105_123, 1_795_343_105), (10**14, 4_000_000_000)],
    ids=["1970", "1970 too", "2026", "5138"],
)
def test_uidvalidity_is_a_number_that_clients_take_whatever_the_clock_says(now_ms: int, first: int) -> None:
    assert uidvalidity_s(now_ms) == first


def test_a_column_that_is_no_integer_is_a_bug() -> None:
    assert number(5) == 5
    with pytest.raises(TypeError):
        number("5")
