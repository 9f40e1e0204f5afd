from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.query import Check, Query, run_with


def both(first: Query, second: Query) -> Check[list[Answer | None]]:
    return [(yield first), (yield second)]


def test_a_check_is_sent_the_answers_of_a_table() -> None:
    known, away, unknown = Query("a.example", "A"), Query("b.example", "TXT"), Query("c.example", "MX")
    answer = Answer(Status.NOERROR, ("192.0.2.1",))
    assert run_with(both(known, unknown), {known: answer, away: None}) == [answer, Answer(Status.NXDOMAIN)]
    assert run_with(both(away, known), {known: answer, away: None}) == [None, answer]
