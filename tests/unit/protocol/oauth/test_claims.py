from skrytka.protocol.oauth.claims import Subject, at_hash, id_claims, person
from skrytka.protocol.oauth.scopes import Scope

SUBJECT = Subject("abc", "alice@example.org", 1_800_000_000_000)


def test_an_id_token_says_who_for_whom_and_until_when() -> None:
    claims = id_claims("https://i", "c", SUBJECT, (Scope.OPENID, Scope.EMAIL), "n", "token", 1_800_000_060_000)
    assert claims == {
        "iss": "https://i",
        "aud": "c",
        "sub": "abc",
        "iat": 1_800_000_060,
        "exp": 1_800_000_660,
        "auth_time": 1_800_000_000,
        "nonce": "n",
        "at_hash": at_hash("token"),
        "email": "alice@example.org",
        "email_verified": True,
    }


def test_the_address_needs_its_scope() -> None:
    assert person(SUBJECT, (Scope.OPENID,)) == {"sub": "abc"}
    assert "nonce" not in id_claims("https://i", "c", SUBJECT, (Scope.OPENID,), "", "t", 0)


def test_the_hash_of_a_token_is_the_left_half() -> None:
    assert at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"
