import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import Reason, TransientError
from skrytka.net.dns.cache import FAILURE_TTL_S, Cache

KEY = ("example.net.", "A")
FOUND = Answer(Status.NOERROR, ("192.0.2.1",), is_authentic=True, ttl_s=60)


def test_an_answer_is_kept_for_its_ttl_and_tells_what_is_left() -> None:
    clock = FixedClock()
    cache = Cache(clock)
    cache.put(KEY, FOUND)
    clock.advance(20.0)
    answer = cache.get(KEY)
    assert answer is not None
    assert (answer.records, answer.is_authentic, answer.ttl_s) == (FOUND.records, True, 40)
    clock.advance(40.0)
    assert cache.get(KEY) is None
    assert len(cache) == 0


def test_an_answer_with_ttl_nought_is_not_kept() -> None:
    cache = Cache(FixedClock())
    cache.put(KEY, Answer(Status.NXDOMAIN))
    assert cache.get(KEY) is None


def test_a_failure_is_remembered_for_some_seconds() -> None:
    clock = FixedClock()
    cache = Cache(clock)
    cache.put_failure(KEY, Reason.DNS_TIMEOUT)
    with pytest.raises(TransientError) as caught:
        cache.get(KEY)
    assert caught.value.reason is Reason.DNS_TIMEOUT
    clock.advance(FAILURE_TTL_S)
    assert cache.get(KEY) is None


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    cache = Cache(FixedClock(), entries_max=3)
    for number in range(3):
        cache.put((str(number), "A"), FOUND)
    cache.get(("0", "A"))
    cache.put(("3", "A"), FOUND)
    assert len(cache) == 3
    assert cache.get(("1", "A")) is None
    assert cache.get(("0", "A")) is not None


def test_answers_as_long_as_strangers_like_take_no_more_memory_than_there_is() -> None:
    cache = Cache(FixedClock(), size_max_bytes=100_000)
    long = Answer(Status.NOERROR, (b"x" * 30_000,), ttl_s=60)
    for number in range(10):
        cache.put((str(number), "TXT"), long)
    assert len(cache) == 3
    assert cache.get(("9", "TXT")) is not None
    for _ in range(10):  # again and again the same
        cache.put(("9", "TXT"), long)
    assert len(cache) == 3
    cache.put(("huge", "TXT"), Answer(Status.NOERROR, (b"x" * 200_000,), ttl_s=60))
    assert len(cache) == 0
    cache.put(KEY, FOUND)
    assert cache.get(KEY) is not None


def test_what_has_expired_takes_no_room() -> None:
    clock = FixedClock()
    cache = Cache(clock, size_max_bytes=100_000)
    for _ in range(10):
        cache.put(KEY, Answer(Status.NOERROR, (b"x" * 90_000,), ttl_s=60))
        clock.advance(61.0)
        assert cache.get(KEY) is None
    cache.put(KEY, Answer(Status.NOERROR, (b"x" * 90_000,), ttl_s=60))
    assert cache.get(KEY) is not None
