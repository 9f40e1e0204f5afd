from typing import Any

import pytest

from skrytka.model.errors import PermanentError, Reason
from tests.unit.cli.conftest import Cli

LINE = "example.org. 3600 IN MX 10 mail.example.org."
OLD = "example.org. 3600 IN MX 10 old.example.org."
ZONE: dict[str, Any] = {"zone": "example.org", "server": "127.0.0.1 53", "add": [LINE], "remove": [OLD], "left": []}
PLAN: dict[str, Any] = {"domain": "example.org", "zones": [ZONE], "elsewhere": []}
UNDO = ["server 127.0.0.1 53", "zone example.org", f"update delete {LINE}", "send"]


@pytest.fixture
def ready(cli: Cli) -> Cli:
    cli.answers |= {"dns.plan": PLAN, "dns.publish": {"domain": "example.org", "undo": UNDO}}
    return cli


def test_what_was_shown_is_what_is_done_and_undone(ready: Cli) -> None:
    assert ready("dns", "example.org", "--publish", "--yes") == 0
    assert ready.asked[1] == ("dns.publish", {"domain": "example.org", "plan": PLAN})
    lines = ready.out.splitlines()
    assert lines[:3] == ["zone example.org at 127.0.0.1 53:", f"  - {OLD}", f"  + {LINE}"]
    assert lines[-4:] == [f"    {line}" for line in UNDO]


def test_nothing_is_done_before_somebody_said_yes(ready: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", _no)
    assert ready("dns", "example.org", "--publish") == 130
    assert [command for command, _ in ready.asked] == ["dns.plan"]
    assert f"  + {LINE}" in ready.out


def _no(_text: str, *, abort: bool, err: bool) -> bool:
    import click

    assert abort
    raise click.exceptions.Abort


def test_programs_have_to_be_sure(ready: Cli) -> None:
    assert ready("dns", "example.org", "--publish", "--json") == 2
    assert ready.asked == []
    assert ready("dns", "example.org", "--publish", "--json", "--yes") == 0
    assert ready.json == {**PLAN, "undo": UNDO}


def test_nothing_to_do_asks_nothing(ready: Cli) -> None:
    ready.answers["dns.plan"] = {**PLAN, "zones": [{**ZONE, "add": [], "remove": []}]}
    assert ready("dns", "example.org", "--publish") == 0
    assert ready.out.endswith("nothing to publish\n")
    assert [command for command, _ in ready.asked] == ["dns.plan"]


@pytest.mark.parametrize(
    "changes", [{"zones": [{**ZONE, "left": [LINE]}]}, {"elsewhere": ["mail.example.net. 3600 IN A 192.0.2.1"]}]
)
def test_what_is_left_for_people_is_told(ready: Cli, changes: dict[str, Any]) -> None:
    ready.answers["dns.plan"] = {**PLAN, **changes}
    assert ready("dns", "example.org", "--publish", "--yes") == 8
    assert ("by hand" in ready.out) or ("in another zone" in ready.out)


def test_a_refusal_is_told(ready: Cli) -> None:
    ready.answers["dns.publish"] = PermanentError(Reason.NOT_PERMITTED, "has another secret")
    assert ready("dns", "example.org", "--publish", "--yes") == 7
    assert "has another secret" in ready.err
