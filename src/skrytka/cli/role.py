"""``skrytka role``: who may do more than read his own mail, and where."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

ROLES = ("system_admin", "domain_admin", "security_officer", "help_desk", "auditor", "service")
_domain_option = click.option("--domain", metavar="DOMAIN", help="In this domain only, instead of everywhere.")


@click.group()
def role() -> None:
    """Roles: what somebody may do beside reading his own mail."""


@role.command("list")
@_domain_option
@options.json_option
@options.installation_options
def list_(*, domain: str | None, as_json: bool) -> None:
    """Who has which role, where."""
    output.print_rows(("address", "role", "domain", "given_at"), ask("role.list", domain=domain), as_json=as_json)


@role.command()
@click.argument("address")
@click.argument("role_name", metavar="ROLE", type=click.Choice(ROLES))
@_domain_option
@options.json_option
@options.installation_options
def give(*, address: str, role_name: str, domain: str | None, as_json: bool) -> None:
    """Give ADDRESS the role ROLE."""
    _print(ask("role.give", address=address, role=role_name, domain=domain), address, as_json=as_json)


@role.command()
@click.argument("address")
@click.argument("role_name", metavar="ROLE", type=click.Choice(ROLES))
@_domain_option
@options.json_option
@options.installation_options
def take(*, address: str, role_name: str, domain: str | None, as_json: bool) -> None:
    """Take the role ROLE from ADDRESS; its sessions and keys lose it at once."""
    _print(ask("role.take", address=address, role=role_name, domain=domain), address, as_json=as_json)


def _print(roles: list[dict[str, object]], address: str, *, as_json: bool) -> None:
    """The roles that the account has now."""
    shown = ", ".join(f"{row['role']} ({row['domain'] or 'everywhere'})" for row in roles) or "no role"
    output.print_done({"address": address, "roles": roles, "shown": shown}, "{address} has {shown}", as_json=as_json)
