"""``skrytka account link``: who somebody is at a provider of another house."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("issuer", "subject", "created_at")


@click.group("link")
def link() -> None:
    """Links with providers of other houses, by which people sign in."""


@link.command("list")
@click.argument("address")
@options.json_option
@options.installation_options
def list_(*, address: str, as_json: bool) -> None:
    """What opens ADDRESS beside its password."""
    output.print_rows(COLUMNS, ask("account.links", address=address), as_json=as_json)


@link.command()
@click.argument("address")
@click.argument("issuer")
@options.json_option
@options.installation_options
def remove(*, address: str, issuer: str, as_json: bool) -> None:
    """Nobody of ISSUER opens ADDRESS any more, open pages included."""
    output.print_rows(COLUMNS, ask("account.unlink", address=address, issuer=issuer), as_json=as_json)
