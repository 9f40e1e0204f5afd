"""``skrytka api-key``: what programs show the API."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("id", "address", "name", "domain", "networks", "created_at", "expires_at", "used_at")


@click.group("api-key")
def api_key() -> None:
    """Keys that programs show the API: each may what it names, as far as its account may."""


@api_key.command()
@click.argument("address")
@click.argument("name")
@click.option("--permission", "permissions", multiple=True, metavar="WORD", help="As in docs/api.md; several.")
@click.option("--all", "is_all", is_flag=True, help="All that ADDRESS may today, but for what no key may.")
@click.option("--domain", metavar="DOMAIN", help="In this domain only.")
@click.option("--network", "networks", multiple=True, metavar="NETWORK", help="Only from there; several.")
@click.option("--per-minute", type=click.IntRange(1, 6000), default=600, show_default=True, help="Requests.")
@click.option("--days", type=click.IntRange(1, 90), default=90, show_default=True, help="How long it is good.")
@options.json_option
@options.installation_options
def add(
    *, address: str, name: str, permissions: tuple[str, ...], is_all: bool, as_json: bool, **limits: object
) -> None:
    """Make a key of ADDRESS for the program NAME; its token is shown once. Of somebody else: on the server only."""
    if bool(permissions) == is_all:
        raise click.UsageError("give --permission, or --all")
    made = ask("api_key.add", address=address, name=name, permissions=("*",) if is_all else permissions, **limits)
    if as_json:
        output.print_json(made)
        return
    click.echo(f"the key {made['key']['id']} of {address}, shown once:")
    click.echo(f"  {made['token']}")


@api_key.command("list")
@options.json_option
@options.installation_options
def list_(*, as_json: bool) -> None:
    """All keys, and when each was used last."""
    output.print_rows(COLUMNS, ask("api_key.list"), as_json=as_json)


@api_key.command()
@click.argument("key_id", metavar="ID")
@options.json_option
@options.installation_options
def remove(*, key_id: str, as_json: bool) -> None:
    """Take the key back; the next request with it is refused."""
    output.print_done(ask("api_key.remove", id=key_id), "the key {name} is gone", as_json=as_json)
