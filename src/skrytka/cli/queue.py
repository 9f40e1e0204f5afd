"""``skrytka queue``: mail that waits."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("id", "recipient", "reverse_path", "state", "reason", "attempts", "size_bytes", "queued_at", "due_at")


@click.group()
def queue() -> None:
    """Mail that waits: for other servers, and for mailboxes that could not be written."""


@queue.command("list")
@options.json_option
@options.installation_options
def list_(*, as_json: bool) -> None:
    """Every recipient that waits, the oldest messages first."""
    output.print_rows(COLUMNS, ask("queue.list"), as_json=as_json)


@queue.command()
@click.argument("message")
@options.json_option
@options.installation_options
def show(*, message: str, as_json: bool) -> None:
    """What is left of MESSAGE, an id of the list; its trace id leads to its events."""
    output.print_rows((*COLUMNS, "trace", "kind", "priority"), ask("queue.show", id=message), as_json=as_json)


@queue.command()
@click.argument("message")
@options.json_option
@options.installation_options
def retry(*, message: str, as_json: bool) -> None:
    """Try MESSAGE now; "all" is everything that is not held."""
    output.print_done(ask("queue.retry", id=message), "{recipients} recipients are due now", as_json=as_json)


@queue.command()
@click.argument("message")
@options.json_option
@options.installation_options
def hold(*, message: str, as_json: bool) -> None:
    """Keep MESSAGE, or "all", until it is released; held mail does not expire."""
    output.print_done(ask("queue.hold", id=message), "{recipients} recipients are held", as_json=as_json)


@queue.command()
@click.argument("message")
@options.json_option
@options.installation_options
def release(*, message: str, as_json: bool) -> None:
    """Let MESSAGE, or "all" that is held, go on now."""
    output.print_done(ask("queue.release", id=message), "{recipients} recipients are released", as_json=as_json)


@queue.command()
@click.argument("message")
@options.json_option
@options.installation_options
def remove(*, message: str, as_json: bool) -> None:
    """Take MESSAGE, or "all", out of the queue; its sender is not told."""
    output.print_done(ask("queue.remove", id=message), "{recipients} recipients are removed", as_json=as_json)
