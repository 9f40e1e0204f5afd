"""``skrytka alias``: other names, groups and catch-alls."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask


@click.group()
def alias() -> None:
    """Other names, groups and catch-alls."""


@alias.command()
@click.argument("address")
@click.argument("targets", nargs=-1, required=True)
@options.json_option
@options.installation_options
def add(*, address: str, targets: tuple[str, ...], as_json: bool) -> None:
    """Let mail for ADDRESS go to TARGETS; @DOMAIN takes what no other address of the domain takes."""
    made = ask("alias.add", address=address, targets=list(targets))
    output.print_done(made, "{address} leads to {targets}", as_json=as_json)


@alias.command("set")
@click.argument("address")
@click.argument("targets", nargs=-1, required=True)
@options.json_option
@options.installation_options
def set_(*, address: str, targets: tuple[str, ...], as_json: bool) -> None:
    """Let mail for ADDRESS go to TARGETS instead of where it went; makes the alias if there is none."""
    made = ask("alias.set", address=address, targets=list(targets))
    output.print_done(made, "{address} leads to {targets}", as_json=as_json)


@alias.command("list")
@options.json_option
@options.installation_options
def list_(*, as_json: bool) -> None:
    """All aliases."""
    output.print_rows(("address", "kind", "targets"), ask("alias.list"), as_json=as_json)


@alias.command()
@click.argument("address")
@options.json_option
@options.installation_options
def remove(*, address: str, as_json: bool) -> None:
    """Remove the alias ADDRESS; the accounts it leads to stay."""
    output.print_done(ask("alias.remove", address=address), "{address} is removed", as_json=as_json)
