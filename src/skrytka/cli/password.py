"""``skrytka password``: what new passwords are compared with."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from skrytka.cli import options, output


@click.group()
def password() -> None:
    """What new passwords are compared with."""


@password.group()
def breaches() -> None:
    """The list of passwords that are known from breaches."""


@breaches.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options.json_option
@options.installation_options
def import_(*, file: Path, as_json: bool) -> None:
    """Take the list FILE instead of the one there is: lines of SHA-1 in hex, `:` and a count, in any order."""
    from skrytka.daemon.breaches import take_in

    with _progress(file.stat().st_size) as tell:
        found = take_in(options.layout(), file, tell)
    output.print_done(msgspec.to_builtins(found), "{hashes} passwords are known from breaches now", as_json=as_json)


@breaches.command()
@options.json_option
@options.installation_options
def show(*, as_json: bool) -> None:
    """How many passwords the list has, and since when."""
    from skrytka.daemon.breaches import facts

    options.check_installation()
    found = msgspec.to_builtins(facts(options.layout()))
    if as_json:
        output.print_json(found)
    else:
        output.print_facts({name: output.readable(found).get(name) for name in ("file", "hashes", "imported_at")})


@contextmanager
def _progress(octets: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _octets: None
        return
    with click.progressbar(length=octets, label="importing", file=sys.stderr) as bar:
        yield lambda read: bar.update(read - bar.pos)
