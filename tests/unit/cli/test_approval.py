import pytest

from skrytka.cli.approval_words import WORDS
from skrytka.mail.identity.four_eyes import Kind
from skrytka.store.access_rows import ApprovalState
from tests.unit.cli.conftest import Cli

ID = "01KB00000000000000000000AB"
ROW = {
    "id": ID,
    "command": "account.remove",
    "kind": "erase",
    "args": '{"address":"bob@example.org"}',
    "asked_by": "dora@example.org",
    "reason": "he left in spring",
    "state": "waiting",
    "asked_at_ms": 1_800_000_000_000,
    "expires_at_ms": 1_800_172_800_000,
    "decided_by": "",
    "decision": "",
    "decided_at_ms": None,
}
DECIDED = ROW | {
    "state": "used", "decided_by": "ola@example.org", "decision": "seen in the office",
    "decided_at_ms": 1_800_000_100_000,
}  # fmt: skip


def test_it_is_asked_for_with_the_arguments_of_the_command(cli: Cli) -> None:
    cli.answers = {"approval.ask": ROW}
    given = ["address=bob@example.org", "name=a=b", "services=imap", "services=smtp", 'networks=["192.0.2.0/24"]']
    assert cli("approval", "ask", "app_password.add", *given, "--reason", "he left in spring") == 0
    assert f"skrytka approval approve {ID}" in cli.out
    args = {
        "address": "bob@example.org",
        "name": "a=b",
        "services": ["imap", "smtp"],
        "networks": ["192.0.2.0/24"],
    }
    assert cli.asked == [("approval.ask", {"command": "app_password.add", "args": args, "reason": "he left in spring"})]


@pytest.mark.parametrize("args", [["address"], ["=x"], ["networks=[oops"], []])
def test_what_cannot_be_read_is_not_asked_for(cli: Cli, args: list[str]) -> None:
    reason = ["--reason", "he left in spring"] if args else []
    assert cli("approval", "ask", "account.remove", *args, *reason) == 2
    assert cli.asked == []


@pytest.mark.parametrize(("name", "is_approved"), [("approve", True), ("refuse", False)])
def test_it_is_decided_with_a_reason(cli: Cli, name: str, is_approved: bool) -> None:
    cli.answers = {"approval.decide": DECIDED}
    assert cli("approval", name, ID) == 2
    assert cli("approval", name, ID, "--reason", "seen in the office", "--json") == 0
    assert cli.json == DECIDED
    assert cli("approval", name, ID, "--reason", "seen in the office", "--language", "pl") == 0
    assert cli.asked[-1] == (
        "approval.decide", {"id": ID, "reason": "seen in the office", "is_approved": is_approved}
    )  # fmt: skip


def test_they_are_listed(cli: Cli) -> None:
    cli.answers = {"approval.list": [ROW, DECIDED], "approval.own": [ROW]}
    assert cli("approval", "list", "--language", "en") == 0
    assert "waits for a second person" in cli.out
    assert "done" in cli.out
    assert cli("approval", "list", "--waiting", "--json") == 0
    assert cli.json == [ROW]
    assert cli("approval", "list", "--own", "--language", "pl") == 0
    assert "czeka na drugą osobę" in cli.out


def test_one_is_shown(cli: Cli) -> None:
    cli.answers = {"approval.show": DECIDED}
    assert cli("approval", "show", ID, "--language", "en") == 0
    for text in ("seen in the office", "gone for good", "2027-01-15", "ola@example.org"):
        assert text in cli.out
    cli.answers = {"approval.show": ROW}
    assert cli("approval", "show", ID, "--language", "pl") == 0
    assert "decyzja" not in cli.out
    assert cli("approval", "show", ID, "--json") == 0
    assert cli.json == ROW


def test_every_state_and_kind_has_its_words_in_every_language() -> None:
    for words in WORDS.values():
        assert set(words.states) == {"expired", *(state.value for state in ApprovalState)}
        assert set(words.kinds) == {kind.value for kind in Kind}
        assert set(words.facts) == set(WORDS["en"].facts)
