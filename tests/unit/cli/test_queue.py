import pytest

from tests.unit.cli.conftest import Cli

ROW = {
    "id": "01M81H3HM0DF993XJTHC7PE0BD",
    "number": 0,
    "recipient": "x@example.net",
    "reverse_path": "<alice@example.test>",
    "trace": "01M81H3HM0DF993XJTHC7PE0BE",
    "kind": "outbound",
    "state": "held",
    "reason": "4.7.5",
    "why": "the server's certificate is wrong",
    "attempts": 0,
    "size_bytes": 261,
    "priority": 0,
    "queued_at_ms": 1_800_000_000_000,
    "due_at_ms": None,
}


def test_the_queue_is_listed_and_shown(cli: Cli) -> None:
    cli.answers = {"queue.list": [ROW]}
    assert cli("queue", "list") == 0
    assert "x@example.net" in cli.out
    assert "4.7.5" in cli.out
    assert "the server's certificate" not in cli.out
    assert cli("queue", "show", ROW["id"]) == 0  # type: ignore[arg-type]
    assert "the server's certificate is wrong" in cli.out
    assert cli("queue", "show", ROW["id"], "--json") == 0  # type: ignore[arg-type]
    assert '"trace": "01M81H3HM0DF993XJTHC7PE0BE"' in cli.out
    assert cli.asked == [("queue.list", {}), *[("queue.list", {"id": ROW["id"]})] * 2]


def test_an_empty_list_says_so(cli: Cli) -> None:
    cli.answers = {"queue.list": []}
    assert cli("queue", "list") == 0
    assert cli.out == "the queue is empty\n"
    assert cli("queue", "list", "--json") == 0
    assert cli.out == "[]\n"
    assert cli("queue", "list", "--state", "held", "--domain", "example.net") == 0
    assert cli.out == "nothing in the queue fits\n"
    assert cli.asked[-1] == ("queue.list", {"domain": "example.net", "state": "held"})


@pytest.mark.parametrize("verb", ["retry", "hold", "release", "remove"])
@pytest.mark.parametrize(
    ("count", "said"), [(3, "3 recipients are "), (1, "1 recipient is "), (0, "no recipient fits")]
)
def test_what_waits_is_handled(cli: Cli, verb: str, count: int, said: str) -> None:
    cli.answers = {f"queue.{verb}": {"id": "all", "recipients": count}}
    assert cli("queue", verb, "all", "--sender", "<>", "--recipient", "x@example.net") == 0
    assert cli.out.startswith(said)
    assert cli.asked == [(f"queue.{verb}", {"id": "all", "sender": "<>", "recipient": "x@example.net"})]
