import pytest

from skrytka.protocol.mailauth.query import Check, Query
from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.judge import JUDGES, Finding, judge
from skrytka.protocol.published.wanted import Kind, Wanted, wanted
from tests.support.published import FACTS, ZONE, look, run, unlike, zone_of


def test_a_domain_with_all_records_is_right() -> None:
    assert unlike(look()) == []


def test_each_kind_has_a_judge() -> None:
    assert set(JUDGES) == set(Kind)


OPTIONAL = {key for key in ZONE if key[0].startswith(("_submission.", "_imap.", "_993", "auto"))}


@pytest.mark.parametrize("key", [key for key in ZONE if key[1] in {"MX", "TXT", "TLSA", "SRV", "PTR", "CAA", "CNAME"}])
def test_each_record_that_is_taken_away_is_missed(key: tuple[str, str]) -> None:
    gone = [each for each in look({key: []}) if (each.wanted.name, each.wanted.rdtype) == key]
    assert any(each.seen.state is State.MISSING for each in gone)
    assert [each.is_fault for each in gone] == [key not in OPTIONAL] * len(gone)


@pytest.mark.parametrize("each", wanted(FACTS), ids=lambda each: f"{each.name} {each.rdtype}")
def test_without_an_answer_nothing_is_right_or_wrong(each: Wanted) -> None:
    """Every question of a check in turn is not answered."""
    zone = zone_of()
    asked: set[Query] = set()
    assert run(_recording(judge(each, FACTS), asked), zone).seen.state is State.RIGHT
    for query in asked:
        told = run(judge(each, FACTS), zone, silent=frozenset({query}))
        assert (told.seen.state, told.seen.problem) == (State.UNKNOWN, Problem.NO_ANSWER), query
        assert not told.is_fault


def _recording(check: Check[Finding], asked: set[Query]) -> Check[Finding]:
    query = next(check)
    while True:
        asked.add(query)
        answer = yield query
        try:
            query = check.send(answer)
        except StopIteration as done:
            finding: Finding = done.value
            return finding


def test_what_may_be_left_out_is_never_wrong() -> None:
    changed = look({("_imap._tcp.example.org", "SRV"): ["0 1 143 other.example."]})
    assert unlike(changed) == [("_imap._tcp.example.org", "SRV", State.WARNING, Problem.SERVICE_ELSEWHERE)]
