"""model/verdict.py."""

from skrytka.model import reply
from skrytka.model.errors import Reason
from skrytka.model.verdict import Action, Finding, Verdict


def test_a_verdict_keeps_what_was_found_apart_from_what_the_peer_hears() -> None:
    finding = Finding("quota", Reason.OVER_QUOTA, detail="account 7")
    verdict = Verdict(Action.DEFER, reply.OVER_QUOTA, Reason.OVER_QUOTA, (finding,), detail="account 7")
    assert b"account 7" not in verdict.reply.encode()
