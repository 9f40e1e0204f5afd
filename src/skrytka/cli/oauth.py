"""``skrytka oauth``: programs that people let into their mail (docs/oauth.md)."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

CLIENT_COLUMNS = ("client", "name", "redirect_uris", "scopes", "is_public", "is_device", "is_well_known")
GRANT_COLUMNS = ("grant", "client", "scopes", "created_at", "used_at", "expires_at")


@click.group()
def oauth() -> None:
    """Programs that people let into their mail."""


@oauth.group()
def client() -> None:
    """Programs that may ask to be let in."""


@client.command()
@click.argument("client_id", metavar="ID")
@click.argument("name")
@click.option("--redirect", "redirect_uris", multiple=True, metavar="URI", help="Where answers are sent; several.")
@click.option("--scope", "scopes", multiple=True, metavar="WORD", help="What it may ask for; several. Default: all.")
@click.option("--secret", "is_confidential", is_flag=True, help="It runs on a server and can keep a secret.")
@click.option("--device", "is_device", is_flag=True, help="It has no browser and shows a code.")
@options.json_option
@options.installation_options
def add(
    *,
    client_id: str,
    name: str,
    redirect_uris: tuple[str, ...],
    scopes: tuple[str, ...],
    is_confidential: bool,
    is_device: bool,
    as_json: bool,
) -> None:
    """Let the program ID, shown to people as NAME, ask. Its secret is shown once."""
    added = ask(
        "oauth.client.add",
        client=client_id,
        name=name,
        redirect_uris=redirect_uris,
        scopes=scopes,
        is_confidential=is_confidential,
        is_device=is_device,
    )
    if as_json:
        output.print_json(added)
        return
    click.echo(f"{added['client']['client']} may ask for {' '.join(added['client']['scopes'])}.")
    if added["secret"]:
        click.echo(f"Its secret, which is not shown again: {added['secret']}")


@client.command("list")
@options.json_option
@options.installation_options
def list_(*, as_json: bool) -> None:
    """All programs that may ask."""
    output.print_rows(CLIENT_COLUMNS, ask("oauth.client.list"), as_json=as_json)


@client.command()
@click.argument("client_id", metavar="ID")
@options.installation_options
def remove(*, client_id: str) -> None:
    """Send the program ID away, and end all that anybody allowed it."""
    ended = ask("oauth.client.remove", client=client_id)
    click.echo(f"{client_id} is gone; {ended['grants']} grants ended with it.")


@oauth.command()
@click.argument("address")
@options.json_option
@options.installation_options
def grants(*, address: str, as_json: bool) -> None:
    """Programs that ADDRESS has let in."""
    output.print_rows(GRANT_COLUMNS, ask("oauth.grants", address=address), as_json=as_json)


@oauth.command()
@click.argument("address")
@click.option("--grant", metavar="ID", help="Only this one; `skrytka oauth grants` has the ids.")
@options.installation_options
def revoke(*, address: str, grant: str | None) -> None:
    """End what ADDRESS has allowed programs, at once and in open sessions too."""
    ended = (
        ask("oauth.revoke", address=address)
        if grant is None
        else ask("oauth.grant.revoke", address=address, grant=grant)
    )
    click.echo(f"{ended['grants']} programs are out.")
