"""``skrytka app-password``: what mail programs log in with instead of the password."""

import sys

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("number", "name", "services", "networks", "created_at", "expires_at", "used_at", "used_from", "used_by")


@click.group("app-password")
def app_password() -> None:
    """What mail programs log in with instead of the password."""


@app_password.command()
@click.argument("address")
@click.argument("name")
@click.option(
    "--service", "services", multiple=True, metavar="WORD", help="imap, smtp, pop3, sieve; several. Else all."
)
@click.option("--network", "networks", multiple=True, metavar="NETWORK", help="Only from there; several.")
@click.option("--days", type=click.IntRange(1, 3660), help="For so many days. Else until it is removed.")
@options.json_option
@options.installation_options
def add(
    *, address: str, name: str, services: tuple[str, ...], networks: tuple[str, ...], days: int | None, as_json: bool
) -> None:
    """Make an app password of ADDRESS for the program NAME; it is shown this once."""
    made = ask("app_password.add", address=address, name=name, services=services, networks=networks, days=days)
    if as_json:
        output.print_json(made)
        return
    click.echo(f"the app password {made['app_password']['number']} of {made['address']}, shown once:")
    click.echo(f"  {made['password']}")


@app_password.command("list")
@click.argument("address")
@options.json_option
@options.installation_options
def list_(*, address: str, as_json: bool) -> None:
    """Those of ADDRESS, and when each was used last."""
    output.print_rows(COLUMNS, ask("app_password.list", address=address), as_json=as_json)


@app_password.command()
@click.argument("address")
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--all", "is_all", is_flag=True, help="All of them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.json_option
@options.installation_options
def remove(*, address: str, number: int | None, is_all: bool, yes: bool, as_json: bool) -> None:
    """Take the app password NUMBER from ADDRESS; what is logged in with it is cut off within a second."""
    if (number is None) != is_all:
        raise click.UsageError("give a NUMBER or --all")
    if is_all and not yes and sys.stdin.isatty():
        click.confirm(f"Remove all app passwords of {address}?", abort=True)
    if number is None:
        gone = ask("app_password.remove_all", address=address)
    else:
        gone = ask("app_password.remove", address=address, number=number)
    output.print_done(gone, "{count} removed", as_json=as_json)
