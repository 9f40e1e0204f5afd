"""What programs read of a message: each result in its place, and nothing left out."""

import msgspec

from skrytka.protocol.mailauth.author import Author, Problem
from skrytka.protocol.mailauth.facts import Alignment, SpfFacts, message_facts
from skrytka.protocol.mailauth.message import MessageResults
from tests.support.arc import seal
from tests.support.dkim import rsa_key, signed
from tests.unit.protocol.mailauth.test_message import AUTHOR, OURS, check, spf_check


def told(results: MessageResults, sets: int = 0) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(msgspec.json.encode(message_facts(results, "id", sets=sets)))
    return found


def test_a_message_that_passes_has_every_field() -> None:
    results = check(seal(signed(OURS, rsa_key())), author=AUTHOR, spf=spf_check())
    assert told(results, sets=1) == {
        "spf": {
            "result": "pass",
            "domain": "example.org",
            "scope": "mfrom",
            "mechanism": "ip4:192.0.2.1",
            "reason": "",
            "detail": "",
            "explanation": "",
        },
        "dkim": [
            {
                "result": "pass",
                "domain": "example.org",
                "selector": "r1",
                "algorithm": "rsa-sha256",
                "reason": "verified",
                "identity": "@example.org",
                "key_bits": 2048,
                "is_testing": False,
                "covers_from": True,
            }
        ],
        "dmarc": {
            "result": "pass",
            "domain": "example.org",
            "policy": "reject",
            "disposition": "none",
            "alignment": {"dkim": True, "spf": True},
            "record_domain": "example.org",
            "reason": "",
        },
        "arc": {"result": "pass", "sets": 1, "sealers": ["example.org"], "reason": ""},
        "authentication_results": "id; spf=pass smtp.mailfrom=joe@example.org; dkim=pass header.d=example.org"
        " header.i=@example.org header.s=r1 header.a=rsa-sha256; dmarc=pass header.from=example.org; arc=pass",
    }


def test_a_message_that_fails_says_what_is_asked_for() -> None:
    found = message_facts(check(OURS, spf=spf_check("192.0.2.7")), "id", sets=0)
    assert (found.spf.result, found.spf.mechanism) == ("fail", "-all")
    assert (found.dmarc.result, found.dmarc.policy, found.dmarc.disposition) == ("fail", "reject", "reject")
    assert found.dmarc.alignment == Alignment()
    assert found.arc.result == "none"


def test_without_a_session_and_without_one_from_there_is_nothing_to_say() -> None:
    found = message_facts(check(OURS, author=Author((), Problem.NO_FROM)), "id", sets=0)
    assert found.spf == SpfFacts()
    assert (found.dmarc.result, found.dmarc.reason, found.dmarc.domain) == ("permerror", "no_from", "")
    assert found.dmarc.policy == ""
