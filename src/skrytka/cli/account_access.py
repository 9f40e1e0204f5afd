"""``skrytka account show|control|certificate``, ``skrytka delegation``: what an account may do, and who acts for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

F = TypeVar("F", bound=Callable[..., Any])
LIMITS = ("messages_per_hour", "recipients_per_hour", "recipients_per_day")
DELEGATION_COLUMNS = ("address", "delegate", "kind", "mailbox", "rights", "created_at")
CERTIFICATE_COLUMNS = ("fingerprint", "created_at")


class Decorator(Protocol):
    """An option of a command."""

    def __call__(self, function: F, /) -> F: ...


def _limit(name: str, what: str) -> Decorator:
    flag = f"--{name.replace('_', '-')}"
    return click.option(flag, name, type=click.IntRange(-1, 1_000_000), help=f"{what}; 0: no limit, -1: as settings.")


def _several(name: str, field: str, text: str) -> Decorator:
    return click.option(f"--{name}", field, multiple=True, help=text)


@click.command()
@click.argument("address")
@options.json_option
@options.installation_options
def show(*, address: str, as_json: bool) -> None:
    """What ADDRESS is and may do, who acts for it, and what its programs log in with."""
    row = ask("account.show", address=address)
    found = {
        "account": row,
        "control": ask("account.control", address=address),
        "delegations": ask("delegation.list", address=address),
        "app_passwords": ask("app_password.list", address=address),
        "certificates": ask("certificate.login.list", address=address),
    }
    if as_json:
        output.print_json(found)
        return
    for name, value in row.items():
        click.echo(f"{name}: {value}")
    for name, value in found["control"].items():
        if value not in (None, [], "UTC", ["smtp"]):
            click.echo(f"control {name}: {' '.join(value) if isinstance(value, list) else value}")
    for each in found["delegations"]:
        click.echo(_line(each))
    click.echo(f"app passwords: {len(found['app_passwords'])}, certificates: {len(found['certificates'])}")


def _line(row: dict[str, Any]) -> str:
    if row.get("mailbox"):
        return f"{row['delegate']} may {row['rights']} in {row['mailbox']} of {row['address']}"
    return f"{row['delegate']} may {row['kind']} {row['address']}"


@click.command()
@click.argument("address")
@click.option("--clear", is_flag=True, help="Take away what holds now, then set what is given.")
@_several("service", "services", "Log in to nothing else: imap, smtp, pop3, sieve, web.")
@_several("network", "networks", "Only from there.")
@_several("hours", "hours", "Only then, such as 'mon-fri 08:00-18:00'.")
@click.option("--zone", help="Whose clock that is, such as Europe/Warsaw; else UTC.")
@_several("applies-to", "applies_to", "Networks and hours hold for these services; else for smtp.")
@_several("sender", "senders", "Send as nobody else: an address, or a pattern such as news-*@example.org.")
@_limit("messages_per_hour", "Messages an hour")
@_limit("recipients_per_hour", "Recipients an hour")
@_limit("recipients_per_day", "Recipients a day")
@options.json_option
@options.installation_options
def control(*, address: str, clear: bool, as_json: bool, **given: Any) -> None:
    """Say where, from where and when ADDRESS may log in, as whom it sends and how much. Without an option: show it."""
    before = {} if clear else ask("account.control", address=address)
    changes = {name: value for name, value in given.items() if value not in (None, ())}
    changes |= {name: None for name in LIMITS if changes.get(name) == -1}
    if not changes and not clear:
        output.print_json(before) if as_json else _print(before)
        return
    after = ask("account.control.set", address=address, control=before | changes)
    output.print_json(after) if as_json else _print(after)


def _print(found: dict[str, Any]) -> None:
    for name, value in found.items():
        click.echo(f"{name}: {' '.join(value) if isinstance(value, list) else value}")


@click.group()
def certificate() -> None:
    """Certificates that ADDRESS logs in with."""


@certificate.command("add")
@click.argument("address")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.json_option
@options.installation_options
def certificate_add(*, address: str, file: Path, as_json: bool) -> None:
    """Let the certificate in FILE (PEM) open ADDRESS, if an authority of the listener has signed it."""
    added = ask("certificate.login.add", address=address, certificate=file.read_text("utf-8", "replace"))
    output.print_done(added, "{fingerprint} opens {address}", as_json=as_json)


@certificate.command("list")
@click.argument("address")
@options.json_option
@options.installation_options
def certificate_list(*, address: str, as_json: bool) -> None:
    """Those of ADDRESS, by their SHA-256 fingerprints."""
    output.print_rows(CERTIFICATE_COLUMNS, ask("certificate.login.list", address=address), as_json=as_json)


@certificate.command("remove")
@click.argument("address")
@click.argument("fingerprint")
@options.json_option
@options.installation_options
def certificate_remove(*, address: str, fingerprint: str, as_json: bool) -> None:
    """Take the certificate away; what is logged in with it is cut off within a second."""
    gone = ask("certificate.login.remove", address=address, fingerprint=fingerprint)
    output.print_done(gone, "{fingerprint} opens {address} no more", as_json=as_json)


@click.group()
def delegation() -> None:
    """People who write for others, or use mailboxes of theirs."""


_KINDS = click.Choice(["send_as", "on_behalf", "mailbox"])
_mailbox_option = click.option("--mailbox", help="Of mailbox: which one, by its name; else all, and those that come.")


@delegation.command("add")
@click.argument("address")
@click.argument("delegate")
@click.argument("kind", type=_KINDS)
@_mailbox_option
@click.option("--rights", help="Of mailbox: of lrswite (RFC 4314); else lr, to read.")
@options.json_option
@options.installation_options
def delegation_add(
    *, address: str, delegate: str, kind: str, mailbox: str | None, rights: str | None, as_json: bool
) -> None:
    """Let DELEGATE write as ADDRESS, or on its behalf (Sender is the delegate's, From that of ADDRESS).

    Of kind mailbox: let DELEGATE use a mailbox of ADDRESS, which IMAP shows below "Other Users".
    """
    given = _of_mailbox(kind, mailbox=mailbox, rights=rights)
    if kind == "mailbox":
        added = ask("delegation.mailbox.add", address=address, delegate=delegate, **given)
        output.print_done(added, "{delegate} may {rights} in {mailbox} of {address}", as_json=as_json)
        return
    added = ask("delegation.add", address=address, delegate=delegate, kind=kind)
    output.print_done(added, "{delegate} may {kind} {address}", as_json=as_json)


def _of_mailbox(kind: str, **given: str | None) -> dict[str, str]:
    found = {name: value for name, value in given.items() if value is not None}
    if found and kind != "mailbox":
        raise click.UsageError(f"--{next(iter(found))} is of the kind mailbox")
    return found


@delegation.command("list")
@click.argument("address")
@options.json_option
@options.installation_options
def delegation_list(*, address: str, as_json: bool) -> None:
    """Who acts for ADDRESS or uses mailboxes of it, and for whom it acts and whose it uses."""
    output.print_rows(DELEGATION_COLUMNS, ask("delegation.list", address=address), as_json=as_json)


@delegation.command("remove")
@click.argument("address")
@click.argument("delegate")
@click.argument("kind", type=_KINDS)
@_mailbox_option
@options.json_option
@options.installation_options
def delegation_remove(*, address: str, delegate: str, kind: str, mailbox: str | None, as_json: bool) -> None:
    """End that, from the next message on; of a mailbox within a second, open sessions included."""
    given = _of_mailbox(kind, mailbox=mailbox)
    if kind == "mailbox":
        gone = ask("delegation.mailbox.remove", address=address, delegate=delegate, **given)
        output.print_done(gone, "{delegate} may not use {mailbox} of {address} any more", as_json=as_json)
        return
    gone = ask("delegation.remove", address=address, delegate=delegate, kind=kind)
    output.print_done(gone, "{delegate} may not {kind} {address} any more", as_json=as_json)
