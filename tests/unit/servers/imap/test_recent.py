"""RFC 3501 2.3.2."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.imap.format import RECENT_BIT
from skrytka.servers.imap.recent import RANGES_MAX, Recent

STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=20)  # not recent, then recent


@given(STEPS, st.sets(st.integers(1, 120)), st.integers(0, 60), st.integers(0, 60))
def test_it_is_the_set_of_what_was_added(
    steps: list[tuple[int, int]], there: set[int], start: int, length: int
) -> None:
    recent, expected, last = Recent(), set(), 0
    for others, own in steps:
        recent.add(last + others + 1, last + others + own)
        expected |= set(range(last + others + 1, last + others + own + 1))
        last += others + own
    uids = array("I", sorted(there))
    assert [uid for uid in range(130) if uid in recent] == sorted(expected)
    assert bool(recent) == bool(expected)
    assert recent.count(uids) == len(there & expected)
    assert recent.among(uids, range(len(uids))) == [i for i, uid in enumerate(uids) if uid in expected]
    flags = array("Q", [1] * len(uids))
    start = min(start, len(uids))
    shown = recent.shown(uids, flags, start, min(start + length, len(uids)))
    assert list(shown) == [1 | RECENT_BIT * (uid in expected) for uid in uids[start : start + length]]
    assert set(flags) <= {1}


def test_who_takes_turns_with_others_for_too_long_leaves_the_rest_to_them() -> None:
    recent = Recent()
    for number in range(RANGES_MAX):
        assert recent.has_room(2 * number + 1)
        recent.add(2 * number + 1, 2 * number + 1)
    assert recent.has_room(2 * RANGES_MAX)  # what follows its last takes no room
    assert not recent.has_room(2 * RANGES_MAX + 1)
