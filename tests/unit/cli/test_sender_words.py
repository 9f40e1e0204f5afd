import pytest

from skrytka.cli.sender_words import sender_words

BASE = {"remote": "192.0.2.1", "spf": "pass", "spf_domain": "example.net", "spf_cause": "mx"}
REJECT = {"policy_domain": "bank.example", "p": "reject", "dmarc": "fail", "header_from": "bank.example"}
SIGNED = "pass d=example.org s=e1 a=ed25519-sha256 bits=256 reason=verified"
SPF = "from 192.0.2.1; SPF pass for example.net (mx)"
DMARC = "DMARC fail for bank.example"
ASKS = "whose owner asks p=reject at bank.example"
BROKEN = "fail d= s= a= bits=0 reason=body_changed"
ROWS = [
    (BASE, f"{SPF}; not signed; DMARC none"),
    (
        BASE | {"dkim": [SIGNED, BROKEN], "dmarc": "none", "header_from": "a.example"},
        f"{SPF}; signature of example.org pass; signature of ? fail (body_changed); DMARC none for a.example",
    ),
    (
        BASE | REJECT | {"disposition": "reject", "arc": "fail", "arc_sealers": ["a.example", "b.example"]},
        f"{SPF}; not signed; ARC fail by a.example, b.example; {DMARC}, {ASKS}, so it is refused",
    ),
    (
        BASE | REJECT | {"override": "mailing_list", "comment": "our list"},
        f"{SPF}; not signed; {DMARC}, {ASKS}, but it comes from a known list (our list)",
    ),
    (
        BASE | REJECT | {"override": "policy_test_mode", "disposition": "quarantine", "from_problem": "several_from"},
        f"{SPF}; not signed; {DMARC} (several_from), {ASKS}, but the policy is in test mode, so it goes to Junk",
    ),
]


@pytest.mark.parametrize(("fields", "words"), ROWS)
def test_what_was_found_is_a_sentence(fields: dict[str, object], words: str) -> None:
    assert sender_words(fields) == words
