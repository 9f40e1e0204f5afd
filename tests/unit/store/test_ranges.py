"""Sets of UIDs as ranges."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.store import ranges as module
from skrytka.store.ranges import UID_MAX, Ranges, clip, of, pieces

UIDS = st.sets(st.integers(1, 60))


@given(UIDS)
def test_ranges_hold_exactly_the_numbers_given(uids: set[int]) -> None:
    ranges = of(uids)
    assert {uid for low, high in ranges for uid in range(low, high + 1)} == uids
    assert all(after[0] > before[1] + 1 for before, after in pairwise(ranges)), "the fewest"


@given(st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60))))
def test_clipping_meets_each_number_once(ranges: list[tuple[int, int]]) -> None:
    meant = {uid for low, high in ranges for uid in range(max(low, 1), high + 1)}
    met = [uid for low, high in clip(tuple(ranges)) for uid in range(low, high + 1)]
    assert met == sorted(meant)


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ((), []),
        (((0, 0),), []),
        (((1, 2**40),), [(1, UID_MAX)]),
        (((5, 5), (4, 4), (1, 2)), [(1, 2), (4, 5)]),
    ],
)
def test_clipping_keeps_to_uids(ranges: Ranges, expected: list[tuple[int, int]]) -> None:
    assert list(clip(ranges)) == expected


@given(UIDS, st.integers(1, 9), st.integers(1, 4))
def test_pieces_are_short_and_hold_everything_once(uids: set[int], most: int, spans: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE_RANGES", spans)
        found = list(pieces(uids, most))
    numbers = [[uid for low, high in piece for uid in range(low, high + 1)] for piece in found]
    assert [uid for piece in numbers for uid in piece] == sorted(uids)
    assert all(0 < len(piece) <= most for piece in numbers)
    assert all(len(piece) <= spans for piece in found)
