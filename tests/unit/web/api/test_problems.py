import msgspec

from skrytka.web.api.problems import problem


def test_an_error_is_a_problem_with_its_reason() -> None:
    found = problem(429, "too often", "rate_limited", "wait", retry_s=7)
    assert msgspec.json.decode(found.body) == {
        "title": "Too Many Requests",
        "status": 429,
        "detail": "too often",
        "reason": "rate_limited",
        "mend": "wait",
    }
    assert dict(found.fields) == {"Content-Type": "application/problem+json", "Retry-After": "7"}


def test_who_is_not_known_is_told_how_to_be() -> None:
    assert dict(problem(401).fields)["WWW-Authenticate"].startswith("Bearer ")
