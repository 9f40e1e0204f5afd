import msgspec
import pytest

from skrytka.protocol.mailauth.query import Query
from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.judge import judge
from skrytka.protocol.published.looks import looks
from skrytka.protocol.published.wanted import Kind, PolicyView
from skrytka.protocol.tlspolicy.sts import StsPolicy
from tests.support.published import FACTS, Changes, run, zone_of

MX: Changes = {("example.org", "MX"): [[10, "mail.example.org"], [20, "second.example.net"]]}
WEEK_S = 604_800


def policy(mode: str = "enforce", mx: tuple[str, ...] = ("mail.example.org",), max_age_s: int = WEEK_S) -> PolicyView:
    return PolicyView(policy=StsPolicy(mode, mx, max_age_s))


@pytest.mark.parametrize(
    ("view", "changes", "state", "problem"),
    [
        (policy(), {}, State.RIGHT, None),
        (policy(mx=("*.example.org",)), {}, State.RIGHT, None),
        (policy("testing"), {}, State.WARNING, Problem.POLICY_TESTING),
        (policy("none"), {}, State.WRONG, Problem.POLICY_NONE),
        (policy(max_age_s=WEEK_S - 1), {}, State.WARNING, Problem.POLICY_SHORT),
        (policy(), MX, State.WRONG, Problem.POLICY_NOT_MX),
        (policy(mx=("mail.example.org", "second.example.net")), MX, State.RIGHT, None),
        (PolicyView(is_unreachable=True), {}, State.UNKNOWN, Problem.POLICY_UNREACHABLE),
        (PolicyView(is_untrusted=True), {}, State.WRONG, Problem.POLICY_UNTRUSTED),
        (PolicyView(detail="mta-sts.example.org answers 301"), {}, State.WRONG, Problem.POLICY_BROKEN),
    ],
)
def test_what_a_stranger_finds(view: PolicyView, changes: Changes, state: State, problem: Problem | None) -> None:
    facts = msgspec.structs.replace(FACTS, policy=view)
    (one,) = [each for each in looks(facts) if each.kind is Kind.POLICY]
    found = run(judge(one, facts), zone_of(changes))
    assert (found.seen.state, found.seen.problem, found.seen.detail or view.detail) == (
        state,
        problem,
        view.detail or found.seen.detail,
    )


def test_without_mx_records_nobody_can_say() -> None:
    facts = msgspec.structs.replace(FACTS, policy=policy())
    (one,) = [each for each in looks(facts) if each.kind is Kind.POLICY]
    silent = frozenset({Query("example.org", "MX")})
    assert run(judge(one, facts), zone_of(), silent=silent).seen.state is State.UNKNOWN
