"""``skrytka recovery``: the recovery key."""

import sys
from pathlib import Path

import click

from skrytka.cli import options

TEXT_MAX = 1000


@click.group()
def recovery() -> None:
    """Confirm the recovery key."""


@recovery.command()
@click.option("--file", "file", type=click.Path(path_type=Path), help="Read it from there, not standard input.")
@options.installation_options
def confirm(*, file: Path | None) -> None:
    """Show that you hold the recovery key: type it, or pipe it in. `skrytka serve` starts after that."""
    from skrytka.daemon import setup
    from skrytka.model.secret import Secret

    if file is not None:
        text = read(file)
    elif sys.stdin.isatty():
        text = click.prompt("Recovery key", hide_input=True)
    else:
        text = sys.stdin.read(TEXT_MAX)
    setup.confirm(options.layout().root, Secret(text))
    click.echo("The recovery key is confirmed.")


def read(file: Path) -> str:
    """What the file holds, as far as it can be a recovery key."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(TEXT_MAX)
    except OSError as exc:
        raise click.FileError(str(file), exc.strerror or "") from exc
