"""``skrytka account``: people and their mailboxes."""

import sys
from typing import Any

import click

from skrytka.cli import account_access, account_links, options, output
from skrytka.cli.connect import ask
from skrytka.cli.language import STORED_LANGUAGE, stored_language
from skrytka.cli.sizes import SIZE

COLUMNS = ("address", "status", "is_admin", "messages", "used_bytes", "quota_bytes", "created_at")


@click.group()
def account() -> None:
    """People and their mailboxes."""


account.add_command(account_access.show)
account.add_command(account_access.control)
account.add_command(account_access.certificate)
account.add_command(account_links.link)


@account.command()
@click.argument("address")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made up.")
@click.option("--quota", type=SIZE, metavar="SIZE", help="Such as 500M or 10G; 0 is no limit.")
@click.option("--admin", "is_admin", is_flag=True, help="An administrator: the password works on the web only.")
@click.option("--provider", metavar="NAME", help="It opens by this provider of another house, and has no password.")
@options.json_option
@options.installation_options
def add(
    *,
    address: str,
    password_stdin: bool,
    quota: int | None,
    is_admin: bool,
    provider: str | None,
    as_json: bool,
) -> None:
    """Make the account ADDRESS; prints its password unless it was given."""
    if provider is not None:
        if password_stdin or quota is not None or is_admin:
            raise click.UsageError("--provider goes with no other option but --json")
        made = ask("provider.account.add", provider=provider, address=address)
        show(made, "account {address} is made", None, as_json=as_json)
        return
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
@click.argument("tag", type=STORED_LANGUAGE)
@options.json_option
@options.installation_options
def language(*, address: str, tag: str, as_json: bool) -> None:
    """In which language the owner of ADDRESS is written to: en, pl, or default for that of its domain."""
    set_ = ask("account.language", address=address, language=stored_language(tag))
    show(set_, "the language of {address} is set", as_json=as_json)


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


@account.command()
@click.argument("address")
@options.json_option
@options.installation_options
def factors(*, address: str, as_json: bool) -> None:
    """Which second factors ADDRESS has, and whether it must have one."""
    state = ask("account.factors", address=address)
    if as_json:
        output.print_json(state)
        return
    since = output.readable({"due_at_ms": state["due_at_ms"]}).get("due_at")
    facts = {"required": state["is_required"], "by": state["rule"] or None, "since": since}
    output.print_facts({**facts, "recovery codes": state["recovery_codes"]})
    if state["factors"]:
        columns = ("factor", "kind", "name", "created_at", "used_at", "is_passkey", "is_locked")
        output.print_rows(columns, state["factors"], as_json=False)


@account.command("reset-factors")
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.json_option
@options.installation_options
def reset_factors(*, address: str, yes: bool, as_json: bool) -> None:
    """Take all second factors of ADDRESS away; one stays demanded, and the code that is shown lets its owner add it."""
    if not yes and sys.stdin.isatty():
        click.confirm(f"Take all second factors of {address} away?", abort=True)
    made = ask("account.reset_factors", address=address)
    said = "the factors of {address} are gone; code for its owner, to add one within a day:  {code}"
    output.print_done(made, said, as_json=as_json)


@account.command("reset-password")
@click.argument("address")
@options.json_option
@options.installation_options
def reset_password(*, address: str, as_json: bool) -> None:
    """Make a code by which the owner of ADDRESS sets a password that nobody else knows."""
    made = ask("account.reset_password", address=address)
    output.print_done(made, "code for the owner of {address}, to set a password within a day:  {code}", as_json=as_json)


@account.command()
@click.argument("address")
@options.json_option
@options.installation_options
def compromised(*, address: str, as_json: bool) -> None:
    """Lock ADDRESS, which somebody else was in: password, sessions, app passwords and tokens end, its queue is held."""
    done = ask("account.compromised", address=address)
    show(
        done,
        "{address} is locked, {held} in the queue held; then: skrytka account reset-password {address}",
        as_json=as_json,
    )


@account.command()
@click.argument("address")
@options.json_option
@options.installation_options
def distrust(*, address: str, as_json: bool) -> None:
    """The password of ADDRESS is known to others: it opens nothing any more; the code lets its owner set a new one."""
    made = ask("account.distrust", address=address)
    said = "the password of {address} opens nothing any more; code to set a new one within a day:  {code}"
    output.print_done(made, said, as_json=as_json)


@account.command()
@click.argument("address")
@options.json_option
@options.installation_options
def trust(*, address: str, as_json: bool) -> None:
    """ADDRESS is its owner's: the password of before a lock is back, what was closed after wrong ones is open."""
    show(ask("account.trust", address=address), "{address} is its owner's", as_json=as_json)


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
    if result.get("must_change") == "once":  # made over --server
        text += "\nit opens no mail: within a week its owner chooses his own with it, on the pages for people"
    output.print_done(result, text, as_json=as_json)
