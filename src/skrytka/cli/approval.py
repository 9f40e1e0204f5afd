"""``skrytka approval``: what takes two people. One asks, with a reason; a second one agrees or refuses, with his."""

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

from skrytka.cli import options, output
from skrytka.cli.approval_words import WORDS
from skrytka.cli.connect import ask as ask_server
from skrytka.cli.language import language_of, language_option

P = ParamSpec("P")
R = TypeVar("R")
COLUMNS = ("id", "state", "command", "args", "asked_by", "reason", "expires_at")


def reason_option(function: Callable[P, R]) -> Callable[P, R]:
    """Adds ``--reason``, which nobody can leave out."""
    return click.option("--reason", required=True, help="Why, in 10 to 1000 characters; it stays on record.")(function)


@click.group()
def approval() -> None:
    """What takes two people: somebody asks, a second person agrees or refuses."""


@approval.command("list")
@click.option("--own", "is_own", is_flag=True, help="What you have asked for yourself.")
@click.option("--waiting", "is_waiting", is_flag=True, help="Only what waits for somebody.")
@language_option
@options.json_option
@options.installation_options
def list_(*, is_own: bool, is_waiting: bool, language: str | None, as_json: bool) -> None:
    """All that was asked for, the newest first."""
    rows = ask_server("approval.own" if is_own else "approval.list")
    rows = [row for row in rows if not is_waiting or row["state"] == "waiting"]
    if not as_json:
        states = WORDS[language_of(language)].states
        rows = [row | {"state": states[row["state"]]} for row in rows]
    output.print_rows(COLUMNS, rows, as_json=as_json)


@approval.command()
@click.argument("approval_id", metavar="ID")
@language_option
@options.json_option
@options.installation_options
def show(*, approval_id: str, language: str | None, as_json: bool) -> None:
    """One of them: what it is for, who asked, why, who decided."""
    row = ask_server("approval.show", id=approval_id)
    if as_json:
        output.print_json(row)
        return
    words, times = WORDS[language_of(language)], output.readable(row)
    facts = {"id": row["id"], "command": row["command"], "args": row["args"], "kind": words.kinds[row["kind"]]}
    facts |= {"asked_by": row["asked_by"], "asked_at": times["asked_at"], "reason": row["reason"]}
    facts |= {"state": words.states[row["state"]], "expires_at": times["expires_at"]}
    if row["decided_by"]:
        facts |= {"decided_by": row["decided_by"], "decided_at": times["decided_at"], "decision": row["decision"]}
    output.print_facts({words.facts[name]: value for name, value in facts.items()})


@approval.command()
@click.argument("command")
@click.argument("args", metavar="NAME=VALUE...", nargs=-1)
@reason_option
@language_option
@options.json_option
@options.installation_options
def ask(*, command: str, args: Sequence[str], reason: str, language: str | None, as_json: bool) -> None:
    """Ask for COMMAND with its arguments.

    Such as: account.remove address=jan@example.org --reason 'he left in spring'. A NAME that stands there several
    times is a list.
    """
    row = ask_server("approval.ask", command=command, args=arguments(args), reason=reason)
    output.print_done(row, WORDS[language_of(language)].asked, as_json=as_json)


@approval.command()
@click.argument("approval_id", metavar="ID")
@reason_option
@language_option
@options.json_option
@options.installation_options
def approve(*, approval_id: str, reason: str, language: str | None, as_json: bool) -> None:
    """Agree: whoever asked may do it, once, while it holds."""
    row = ask_server("approval.decide", id=approval_id, reason=reason, is_approved=True)
    output.print_done(row, WORDS[language_of(language)].approved, as_json=as_json)


@approval.command()
@click.argument("approval_id", metavar="ID")
@reason_option
@language_option
@options.json_option
@options.installation_options
def refuse(*, approval_id: str, reason: str, language: str | None, as_json: bool) -> None:
    """Refuse: it is not done."""
    row = ask_server("approval.decide", id=approval_id, reason=reason, is_approved=False)
    output.print_done(row, WORDS[language_of(language)].refused, as_json=as_json)


def arguments(given: Sequence[str]) -> dict[str, Any]:
    """As the command wants them: text, which the server reads as numbers where it wants numbers; or JSON."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not name or not equals:
            raise click.UsageError(f"{each!r}: arguments look like address=jan@example.org")
        value = _value(name, text)
        found[name] = [*_listed(found[name]), value] if name in found else value
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _value(name: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as exc:
        raise click.UsageError(f"{name}: what begins so has to be JSON ({exc})") from exc
