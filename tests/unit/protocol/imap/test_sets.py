"""RFC 9051 9, sequence-set."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.sets import NoSuchNumberError, Run, SequenceSet, add_runs, format_runs, format_set


def flat(ranges: list[range]) -> list[int]:
    return [index for found in ranges for index in found]


@pytest.mark.parametrize(
    ("text", "count", "numbers"),
    [
        (b"2,4:7,9,12:*", 15, [2, 4, 5, 6, 7, 9, 12, 13, 14, 15]),
        (b"*:4,5:7", 10, [4, 5, 6, 7, 8, 9, 10]),
        (b"*", 3, [3]),
        (b"3:1", 3, [1, 2, 3]),
        (b"1,1,1", 1, [1]),
        (b"1:2,3", 3, [1, 2, 3]),
    ],
)
def test_numbers_are_found(text: bytes, count: int, numbers: list[int]) -> None:
    assert [index + 1 for index in flat(SequenceSet.parse(text).indexes_by_number(count))] == numbers


def test_the_saved_result_may_end_a_set() -> None:
    """RFC 9051 9: sequence-set is recursive, and seq-last-command is one."""
    assert SequenceSet.parse(b"2:3,$") == SequenceSet(((2, 3),), is_saved_result=True)
    assert SequenceSet.parse(b"$") == SequenceSet(is_saved_result=True)


@pytest.mark.parametrize(("text", "count"), [(b"4", 3), (b"*", 0), (b"1:*", 0), (b"2:9", 3)])
def test_a_number_beyond_the_mailbox_is_an_error(text: bytes, count: int) -> None:
    with pytest.raises(NoSuchNumberError):
        SequenceSet.parse(text).indexes_by_number(count)


@pytest.mark.parametrize(
    ("text", "uids", "found"),
    [
        (b"1:*", [3, 5, 9], [3, 5, 9]),
        (b"4:8", [3, 5, 9], [5]),
        (b"100:*", [3, 5, 9], [9]),  # RFC 9051 9: includes the last message
        (b"*", [], []),
        (b"4,6", [3, 5, 9], []),
        (b"9,3:4", [3, 5, 9], [3, 9]),
    ],
)
def test_uids_are_found(text: bytes, uids: list[int], found: list[int]) -> None:
    indexes = flat(SequenceSet.parse(text).indexes_by_uid(array("I", uids), 10))
    assert [uids[index] for index in indexes] == found


@pytest.mark.parametrize(
    "text", [b"", b"0", b"1:", b":1", b"1,,2", b"1:2:3", b"a", b"4294967296", b"$,1", b"$,$", b",$", b"01", b"-1"]
)
def test_what_is_no_set_is_refused(text: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        SequenceSet.parse(text)


def test_the_saved_result_is_a_set_of_its_own() -> None:
    assert SequenceSet.parse(b"$") == SequenceSet(is_saved_result=True)


@pytest.mark.parametrize(
    ("numbers", "text"), [([], b""), ([7], b"7"), ([1, 2, 3, 5, 7, 8], b"1:3,5,7:8"), ([2, 4], b"2,4")]
)
def test_sets_are_written_with_ranges(numbers: list[int], text: bytes) -> None:
    assert format_set(numbers) == text


@given(st.sets(st.integers(1, 60), min_size=1))
def test_a_written_set_is_read_as_the_same_numbers(numbers: set[int]) -> None:
    ordered = sorted(numbers)
    indexes = SequenceSet.parse(format_set(ordered)).indexes_by_number(60)
    assert [index + 1 for index in flat(indexes)] == ordered


@given(st.sets(st.integers(1, 60)), st.integers(1, 20))
def test_pieces_of_numbers_make_the_same_set(numbers: set[int], size: int) -> None:
    ordered = sorted(numbers)
    runs: list[Run] = []
    for start in range(0, len(ordered), size):
        add_runs(runs, ordered[start : start + size])
    assert format_runs(runs) == format_set(ordered)
