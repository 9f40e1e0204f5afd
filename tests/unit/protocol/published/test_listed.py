import msgspec
import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.query import Query, run_with
from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.judge import judge
from skrytka.protocol.published.listed import listings
from tests.support.published import FACTS, REVERSE6

SIX = REVERSE6.removesuffix(".ip6.arpa")
LISTS = msgspec.structs.replace(FACTS, block_lists=("bl.test",), domain_block_lists=("dbl.test",))
TESTED = msgspec.structs.replace(LISTS, is_block_list_tested=True)
FOUR_NAME, SIX_NAME, DOMAIN_NAME = "25.2.0.192.bl.test", f"{SIX}.bl.test", "example.org.dbl.test"


def says(*addresses: str) -> Answer:
    return Answer(Status.NOERROR, addresses)


def test_who_is_looked_for_on_which_list() -> None:
    assert [each.name for each in listings(LISTS)] == [FOUR_NAME, SIX_NAME, DOMAIN_NAME]
    assert list(listings(FACTS)) == []


@pytest.mark.parametrize("name", [FOUR_NAME, SIX_NAME, DOMAIN_NAME])
@pytest.mark.parametrize(
    ("answer", "state", "problem"),
    [
        (Answer(Status.NXDOMAIN), State.RIGHT, None),
        (says("127.0.0.2"), State.WRONG, Problem.LISTED),
        (says("127.0.0.10", "127.0.1.4"), State.WRONG, Problem.LISTED),
        (says("127.255.255.254"), State.UNKNOWN, Problem.LIST_REFUSES),
        (says("192.0.2.1"), State.UNKNOWN, Problem.LIST_DEAD),
        (None, State.UNKNOWN, Problem.NO_ANSWER),
    ],
)
def test_what_an_answer_means(name: str, answer: Answer | None, state: State, problem: Problem | None) -> None:
    (one,) = [each for each in listings(LISTS) if each.name == name]
    found = run_with(judge(one, LISTS), {Query(name, "A"): answer})
    assert (found.seen.state, found.seen.problem) == (state, problem)
    assert found.is_fault is (state is State.WRONG)


MAPPED = "0.0.0.0.0.0.f.7.f.f.f.f" + 20 * ".0"
ALIVE = {
    FOUR_NAME: ("2.0.0.127.bl.test", "1.0.0.127.bl.test"),
    SIX_NAME: (f"2.{MAPPED[2:]}.bl.test".replace("2.0.0", "2.0.0", 1), f"1.{MAPPED[2:]}.bl.test"),
    DOMAIN_NAME: ("test.dbl.test", "invalid.dbl.test"),
}


@pytest.mark.parametrize("name", ALIVE)
def test_a_list_that_is_not_alive_says_nothing(name: str) -> None:
    """RFC 5782 5: its test entries are asked for where a setting says so."""
    there, absent = ALIVE[name]
    (one,) = [each for each in listings(TESTED) if each.name == name]
    for answers, state, problem in (
        ({there: says("127.0.0.2")}, State.RIGHT, None),
        ({there: says("127.0.0.2"), name: says("127.0.0.2")}, State.WRONG, Problem.LISTED),
        ({there: says("127.0.0.2"), absent: says("127.0.0.2")}, State.UNKNOWN, Problem.LIST_DEAD),
        ({}, State.UNKNOWN, Problem.LIST_DEAD),
    ):
        found = run_with(judge(one, TESTED), {Query(key, "A"): answer for key, answer in answers.items()})
        assert (found.seen.state, found.seen.problem) == (state, problem), answers
