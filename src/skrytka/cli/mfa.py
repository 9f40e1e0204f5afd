"""``skrytka mfa``: who has to have a second factor."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("scope", "subject", "is_required", "grace_days", "until_at", "created_at")


@click.group()
def mfa() -> None:
    """Who has to have a second factor."""


@mfa.command()
@click.argument("target")
@click.option("--grace-days", type=click.IntRange(0, 3660), default=14, show_default=True, help="Until it is demanded.")
@options.json_option
@options.installation_options
def require(*, target: str, grace_days: int, as_json: bool) -> None:
    """Demand a second factor of TARGET: an address, a domain, role:user (everybody) or another role."""
    made = ask("mfa.require", target=target, grace_days=grace_days)
    done = "a second factor is demanded of {subject}, after {grace_days} days of grace"
    output.print_done(made, done, as_json=as_json)


@mfa.command()
@click.argument("address")
@click.option("--days", type=click.IntRange(1, 366), required=True, help="How long.")
@click.option("--reason", required=True, help="Stands in the event log.")
@options.json_option
@options.installation_options
def exempt(*, address: str, days: int, reason: str, as_json: bool) -> None:
    """Let ADDRESS be without for some days, whatever is demanded of its domain or role."""
    made = ask("mfa.exempt", address=address, days=days, reason=reason)
    output.print_done(output.readable(made), "nothing is demanded of {subject} until {until_at}", as_json=as_json)


@mfa.command()
@click.argument("target")
@options.json_option
@options.installation_options
def drop(*, target: str, as_json: bool) -> None:
    """Drop the rule of TARGET."""
    output.print_done(ask("mfa.drop", target=target), "there is no rule for {subject} any more", as_json=as_json)


@mfa.command("list")
@options.json_option
@options.installation_options
def list_(*, as_json: bool) -> None:
    """All rules. Of administrators a second factor is demanded on the web without one."""
    output.print_rows(COLUMNS, ask("mfa.list"), as_json=as_json)
