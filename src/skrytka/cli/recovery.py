"""``skrytka recovery``: the recovery key."""

import sys
from typing import IO

import click

from skrytka.cli import options


@click.group()
def recovery() -> None:
    """Confirm the recovery key."""


@recovery.command()
@click.option(
    "--file", "file", type=click.File(), default="-", metavar="FILE", help="Read it from FILE, not standard input."
)
@options.installation_options
def confirm(*, file: IO[str]) -> None:
    """Show that you hold the recovery key: type it, or pipe it in. `skrytka serve` starts after that."""
    from skrytka.daemon import setup
    from skrytka.model.secret import Secret

    if file.name == sys.stdin.name and sys.stdin.isatty():
        text = click.prompt("Recovery key", hide_input=True)
    else:
        text = file.read(1000)
    setup.confirm(options.layout().root, Secret(text))
    click.echo("The recovery key is confirmed.")
