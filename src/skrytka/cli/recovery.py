"""``skrytka recovery``: the recovery key."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skrytka.cli import options, output

if TYPE_CHECKING:
    from skrytka.model.secret import Secret

TEXT_MAX = 1000


_file_option = click.option(
    "--file", "file", type=click.Path(path_type=Path), help="Read it from there, not standard input."
)


@click.group()
def recovery() -> None:
    """The recovery key: confirm it, try it, use it."""


@recovery.command()
@_file_option
@options.installation_options
def confirm(*, file: Path | None) -> None:
    """Show that you hold the recovery key: type it, or pipe it in. `skrytka serve` starts after that."""
    from skrytka.daemon import setup

    setup.confirm(options.layout().root, ask_key(file))
    click.echo("The recovery key is confirmed.")


@recovery.command()
@_file_option
@options.json_option
@options.installation_options
def check(*, file: Path | None, as_json: bool) -> int:
    """Try whether the recovery key opens every key of the key ring; changes nothing, and the server may run."""
    from skrytka.cli.main import EXIT_DIFFERENCES, EXIT_OK
    from skrytka.daemon import recovery as daemon

    found = daemon.check(options.layout(), ask_key(file))
    if as_json:
        output.print_json(found)
    elif not found.damaged:
        click.echo(f"The recovery key opens all {found.keys} keys of the key ring.")
    complain_of(found.damaged)
    return EXIT_DIFFERENCES if found.damaged else EXIT_OK


@recovery.command()
@_file_option
@click.option("--accept-damage", is_flag=True, help="Go on although damaged keys are lost, and what they sealed.")
@options.json_option
@options.installation_options
def restore(*, file: Path | None, accept_damage: bool, as_json: bool) -> None:
    """Make a new master key when keys/master.key is lost or another one; the server must be stopped.

    Mail, accounts and passwords stay. Refused while the master key is right.
    """
    from skrytka.daemon import recovery as daemon

    done = daemon.restore(options.layout(), ask_key(file), is_damage_accepted=accept_damage)
    if as_json:
        output.print_json(done)
        return
    if done.is_new:
        click.echo(f"A new keys/master.key opens all {done.keys} keys of the key ring: keep a copy apart from backups.")
    else:
        click.echo("keys/master.key is right; keys/recovery.json is written anew.")
    if done.wrong_key is not None:
        click.echo(f"The one that was there does not open them; it is kept as {done.wrong_key}.")
    complain_of(done.damaged)


def complain_of(damaged: tuple[str, ...]) -> None:
    """Keys that no key opens."""
    from skrytka.cli.main import complain

    for entry in damaged:
        complain(f"{entry} is damaged: what it sealed is lost unless a backup has it")


def ask_key(file: Path | None) -> "Secret":
    """The recovery key from a file, typed unseen, or piped in."""
    from skrytka.model.secret import Secret

    if file is not None:
        return Secret(read(file))
    if sys.stdin.isatty():
        return Secret(click.prompt("Recovery key", hide_input=True))
    return Secret(sys.stdin.read(TEXT_MAX))


def read(file: Path) -> str:
    """What the file holds, as far as it can be a recovery key."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(TEXT_MAX)
    except OSError as exc:
        raise click.FileError(str(file), exc.strerror or "") from exc
