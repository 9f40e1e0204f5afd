"""``skrytka account``: people and their mailboxes."""

import sys
from typing import Any

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask
from skrytka.cli.sizes import SIZE

COLUMNS = ("address", "status", "is_admin", "messages", "used_bytes", "quota_bytes", "created_at")


@click.group()
def account() -> None:
    """People and their mailboxes."""


@account.command()
@click.argument("address")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made up.")
@click.option("--quota", type=SIZE, metavar="SIZE", help="Such as 500M or 10G; 0 is no limit.")
@click.option("--admin", "is_admin", is_flag=True, help="An administrator: the password works on the web only.")
@options.json_option
@options.installation_options
def add(*, address: str, password_stdin: bool, quota: int | None, is_admin: bool, as_json: bool) -> None:
    """Make the account ADDRESS; prints its password unless it was given."""
    password = new_password(is_given=password_stdin)
    made = ask("account.add", address=address, password=password, quota_bytes=quota, is_admin=is_admin)
    show(made, "account {address} is made", None if password_stdin else password, as_json=as_json)


@account.command("list")
@click.argument("domain", required=False)
@options.json_option
@options.installation_options
def list_(*, domain: str | None, as_json: bool) -> None:
    """All accounts, or those of DOMAIN."""
    output.print_rows(COLUMNS, ask("account.list", domain=domain), as_json=as_json)


@account.command()
@click.argument("address")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made up.")
@options.json_option
@options.installation_options
def password(*, address: str, password_stdin: bool, as_json: bool) -> None:
    """Give ADDRESS a new password; the old one ends at once."""
    fresh = new_password(is_given=password_stdin)
    changed = ask("account.password", address=address, password=fresh)
    show(changed, "the password of {address} is changed", None if password_stdin else fresh, as_json=as_json)


@account.command()
@click.argument("address")
@click.argument("size", type=SIZE)
@options.json_option
@options.installation_options
def quota(*, address: str, size: int, as_json: bool) -> None:
    """Let ADDRESS hold SIZE at most, such as 500M or 10G; 0 is no limit."""
    show(ask("account.quota", address=address, quota_bytes=size), "the quota of {address} is changed", as_json=as_json)


@account.command()
@click.argument("address")
@options.json_option
@options.installation_options
def suspend(*, address: str, as_json: bool) -> None:
    """Neither logins nor mail for ADDRESS; what is there stays."""
    show(ask("account.suspend", address=address), "{address} is suspended", as_json=as_json)


@account.command()
@click.argument("address")
@options.json_option
@options.installation_options
def resume(*, address: str, as_json: bool) -> None:
    """End the suspension of ADDRESS."""
    show(ask("account.resume", address=address), "{address} is active", as_json=as_json)


@account.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.json_option
@options.installation_options
def remove(*, address: str, yes: bool, as_json: bool) -> None:
    """Remove ADDRESS: no login, no mail. What it holds stays sealed until it is erased."""
    if not yes and sys.stdin.isatty():
        click.confirm(f"Remove {address}?", abort=True)
    gone = ask("account.remove", address=address)
    show(gone, "{address} is removed", as_json=as_json)
    if gone.get("dangling_aliases") and not as_json:
        click.echo(f"these aliases still lead to it: {', '.join(gone['dangling_aliases'])}")


def new_password(*, is_given: bool) -> str:
    """One line of standard input, typed twice on a terminal; or one that is made up."""
    from skrytka.daemon.passwords import random_password
    from skrytka.store.system import SystemRandom

    if not is_given:
        return random_password(SystemRandom())
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def show(result: dict[str, Any], text: str, shown_password: str | None = None, *, as_json: bool) -> None:
    """What was done; a password that was made up is printed this once."""
    if shown_password is not None:
        result = result | {"password": shown_password}
        text += "; its password, shown once:  {password}"
    output.print_done(result, text, as_json=as_json)
