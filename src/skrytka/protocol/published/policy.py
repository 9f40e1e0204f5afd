"""The MTA-STS policy as a stranger finds it (RFC 8461 3.2, 3.3, 4.1), beside the MX records that it has to name."""

from typing import Final

from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.published.finding import Problem, Seen, ask, right, unknown, warning, wrong
from skrytka.protocol.published.wanted import Facts, PolicyView, Wanted
from skrytka.protocol.tlspolicy.sts import StsPolicy

AGE_MIN_S: Final = 604_800  # a week; what is shorter protects whoever writes less often from nobody


def fetched(_wanted: Wanted, facts: Facts) -> Check[Seen]:
    """What came, or why nothing did. What this machine cannot reach others may: that is unknown."""
    view = facts.policy or PolicyView()
    if view.policy is None:
        if view.is_unreachable:
            return unknown(Problem.POLICY_UNREACHABLE, view.detail)
        return wrong(Problem.POLICY_UNTRUSTED if view.is_untrusted else Problem.POLICY_BROKEN, (), view.detail)
    answer = yield from ask(facts.domain, "MX")
    return _judged(view.policy, tuple(each.exchange for each in answer.exchanges))


def _judged(policy: StsPolicy, exchanges: tuple[str, ...]) -> Seen:
    found = (f"mode: {policy.mode}", f"max_age: {policy.max_age_s}", *(f"mx: {pattern}" for pattern in policy.mx[:5]))
    if policy.mode == "none":
        return wrong(Problem.POLICY_NONE, found)
    if uncovered := [name for name in exchanges if not policy.covers(name)]:
        return wrong(Problem.POLICY_NOT_MX, found, ", ".join(uncovered[:5]))
    if policy.mode == "testing":
        return warning(Problem.POLICY_TESTING, found)
    return right(found) if policy.max_age_s >= AGE_MIN_S else warning(Problem.POLICY_SHORT, found)
