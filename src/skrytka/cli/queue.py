"""``skrytka queue``: mail that waits."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("id", "recipient", "reverse_path", "state", "reason", "attempts", "size_bytes", "queued_at", "due_at")
R = TypeVar("R")


@click.group()
def queue() -> None:
    """Mail that waits: for other servers, and for mailboxes that could not be written."""


def filters(function: Callable[..., R]) -> Callable[..., R]:
    """Adds what chooses among recipients; they come as one dict, without what was not given."""

    @functools.wraps(function)
    def inner(*args: Any, sender: str, recipient: str, domain: str, **kwargs: Any) -> R:
        named = {"sender": sender, "recipient": recipient, "domain": domain}
        return function(*args, chosen={name: value for name, value in named.items() if value}, **kwargs)

    inner = click.option("--domain", default="", help="Recipients of this domain.")(inner)
    inner = click.option("--recipient", default="", metavar="ADDRESS", help="This recipient.")(inner)
    return click.option("--sender", default="", metavar="ADDRESS", help='This reverse path; "<>" for reports.')(inner)


@queue.command("list")
@filters
@click.option("--state", type=click.Choice(["waiting", "held", "scheduled"]), default=None)
@options.json_option
@options.installation_options
def list_(*, chosen: dict[str, str], state: str | None, as_json: bool) -> None:
    """Every recipient that waits, the oldest messages first."""
    rows = ask("queue.list", **chosen, **({"state": state} if state else {}))
    if not rows and not as_json:
        click.echo("nothing in the queue fits" if chosen or state else "the queue is empty")
        return
    output.print_rows(COLUMNS, rows, as_json=as_json)


@queue.command()
@click.argument("message")
@options.json_option
@options.installation_options
def show(*, message: str, as_json: bool) -> None:
    """What is left of MESSAGE, an id of the list; its trace id leads to its events."""
    output.print_rows(
        (*COLUMNS, "why", "release_at", "deliver_by_at", "deliver_by_mode", "trace", "kind", "priority"),
        ask("queue.list", id=message),
        as_json=as_json,
    )


@queue.command()
@click.argument("message")
@filters
@options.json_option
@options.installation_options
def retry(*, message: str, chosen: dict[str, str], as_json: bool) -> None:
    """Try MESSAGE now; "all" is everything that is neither held nor scheduled."""
    _do("retry", message, chosen, "due now", as_json=as_json)


@queue.command()
@click.argument("message")
@filters
@options.json_option
@options.installation_options
def hold(*, message: str, chosen: dict[str, str], as_json: bool) -> None:
    """Keep MESSAGE, or "all", until it is released; held mail does not expire."""
    _do("hold", message, chosen, "held", as_json=as_json)


@queue.command()
@click.argument("message")
@filters
@options.json_option
@options.installation_options
def release(*, message: str, chosen: dict[str, str], as_json: bool) -> None:
    """Let MESSAGE, or "all" that is held, go on; a scheduled one only if it is named."""
    _do("release", message, chosen, "released", as_json=as_json)


@queue.command()
@click.argument("message")
@filters
@options.json_option
@options.installation_options
def remove(*, message: str, chosen: dict[str, str], as_json: bool) -> None:
    """Take MESSAGE, or "all", out of the queue; its sender is not told."""
    _do("remove", message, chosen, "removed", as_json=as_json)


def _do(verb: str, message: str, chosen: dict[str, str], done: str, *, as_json: bool) -> None:
    result = ask(f"queue.{verb}", id=message, **chosen)
    count = result["recipients"]
    text = {0: f"no recipient fits: none is {done}", 1: f"1 recipient is {done}"}.get(
        count, f"{count} recipients are {done}"
    )
    output.print_done(result, text, as_json=as_json)
