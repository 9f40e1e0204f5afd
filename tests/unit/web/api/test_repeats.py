from skrytka.model.clock import FixedClock
from skrytka.web.api.problems import problem
from skrytka.web.api.repeats import KEPT_MAX, KEPT_S, Repeats
from skrytka.web.http import text
from tests.unit.web.support import asked


def test_the_same_request_has_the_same_answer() -> None:
    clock = FixedClock()
    repeats, first = Repeats(clock), asked("POST", "/a", b"{}", idempotency_key="k")
    assert repeats.begin("alice", first) is None
    busy = repeats.begin("alice", first)
    assert busy is not None
    assert busy.status == 409
    repeats.done("alice", first, text(200, "made"))
    again = repeats.begin("alice", first)
    assert again is not None
    assert again.body == b"made"
    other = repeats.begin("alice", asked("POST", "/a", b"{1}", idempotency_key="k"))
    assert other is not None
    assert other.status == 422
    assert repeats.begin("bob", first) is None
    clock.advance(KEPT_S)
    assert repeats.begin("alice", first) is None


def test_what_failed_for_a_while_is_tried_again() -> None:
    repeats, first = Repeats(FixedClock()), asked("POST", "/a", b"{}", idempotency_key="k")
    assert repeats.begin("alice", first) is None
    repeats.done("alice", first, problem(503))
    assert repeats.begin("alice", first) is None
    repeats.failed("alice", first)
    assert repeats.begin("alice", first) is None


def test_without_a_key_nothing_is_kept_and_never_too_much() -> None:
    repeats = Repeats(FixedClock())
    plain = asked("POST", "/a")
    assert repeats.begin("alice", plain) is None
    repeats.done("alice", plain, text(200, "x"))
    assert repeats.begin("alice", plain) is None
    for number in range(KEPT_MAX + 5):
        assert repeats.begin("alice", asked("POST", "/a", idempotency_key=str(number))) is None
    assert len(repeats._kept) == KEPT_MAX
    long = repeats.begin("alice", asked("POST", "/a", idempotency_key="k" * 65))
    assert long is not None
    assert long.status == 422
