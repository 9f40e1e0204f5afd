import pytest

from skrytka.model.dns import Answer, Mx, Status
from skrytka.protocol.mailauth.query import Query
from skrytka.protocol.published.finding import FOUND_MAX, NoAnswerError, addresses_of, shown


def test_both_families_are_asked_for() -> None:
    check = addresses_of("mail.example.org")
    assert next(check) == Query("mail.example.org", "A")
    assert check.send(Answer(Status.NODATA)) == Query("mail.example.org", "AAAA")
    with pytest.raises(StopIteration) as done:
        check.send(Answer(Status.NOERROR, ("2001:DB8::0:1",)))
    assert done.value.value == ("2001:db8::1",)


def test_no_answer_is_no_empty_answer() -> None:
    check = addresses_of("mail.example.org")
    next(check)
    with pytest.raises(NoAnswerError):
        check.send(None)


def test_a_stranger_may_publish_a_lot_and_some_is_shown() -> None:
    assert len(shown("MX", tuple(Mx(number, "x.example") for number in range(100)))) == FOUND_MAX
