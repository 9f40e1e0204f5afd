"""``skrytka cert``: the certificates of the running server, and of machines that administer it from elsewhere."""

from pathlib import Path
from typing import Any

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

FILE = click.Path(dir_okay=False, path_type=Path)
MACHINES = ("id", "address", "name", "purpose", "enrolled_at", "renewed_at", "expires_at", "invited_by")
COLUMNS = ("names", "key", "expires_at", "renews_at", "source", "error")


@click.group()
def cert() -> None:
    """Certificates: what is served, and what is ordered from authorities."""


@cert.command("list")
@options.json_option
@options.installation_options
def list_(*, as_json: bool) -> None:
    """Those that are ordered, then those that the settings name."""
    output.print_rows(COLUMNS, ask("cert.list"), as_json=as_json)


@cert.command()
@click.argument("name", default="")
@options.json_option
@options.installation_options
def renew(*, name: str, as_json: bool) -> int:
    """Order the certificate for NAME anew now, or all of them, whether they are due or not."""
    return _shown(ask("cert.renew", name=name), as_json=as_json)


@cert.command()
@click.argument("name")
@options.json_option
@options.installation_options
def rollover(*, name: str, as_json: bool) -> int:
    """Order the certificate for NAME with its next key, if DNS has shown that key long enough."""
    return _shown(ask("cert.rollover", name=name), as_json=as_json)


@cert.command()
@click.argument("address")
@click.argument("name")
@click.option("--minutes", type=click.IntRange(1, 60), default=15, show_default=True, help="Until the token ends.")
@options.json_option
@options.installation_options
def invite(*, address: str, name: str, minutes: int, as_json: bool) -> None:
    """Let the machine NAME of ADDRESS have a certificate for listeners.api: shows a token, good once."""
    made = ask("machine.invite", address=address, name=name, minutes=minutes)
    if as_json:
        output.print_json(made)
        return
    there = options.remote()
    url = "https://THIS-SERVER:8443" if there is None else there[0]  # as listeners.api has it
    click.echo(f"the token of {name}, shown once, good for {minutes} minutes; there: skrytka cert enrol {url}")
    click.echo(f"  {made['token']}")


@cert.command()
@click.argument("server", metavar="URL")
@click.option("--ca-file", type=FILE, help="Authorities (PEM) that vouch for it, instead of this machine's.")
@click.option("--certificate-file", type=FILE, help="Where it is kept; else in ~/.config/skrytka.")
@options.json_option
def enrol(*, server: str, ca_file: Path | None, certificate_file: Path | None, as_json: bool) -> None:
    """Get this machine a certificate for the server at URL, by the token of `cert invite` (typed, or on stdin).

    Its key is made here and leaves its file never. `skrytka --server URL` shows the certificate and renews it.
    """
    import sys

    from skrytka.daemon.remote_client import enrol as enrolled
    from skrytka.model.secret import Secret

    token = click.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    path, ends_at = enrolled(server, Secret(token), ca_file=ca_file, certificate_file=certificate_file)
    told = {"file": str(path), "expires_at_ms": int(ends_at.timestamp() * 1000)}
    output.print_done(told, f"{path} is good until {ends_at:%Y-%m-%d %H:%M:%SZ}", as_json=as_json)


@cert.command()
@click.argument("domain", required=False)
@options.json_option
@options.installation_options
def machines(*, domain: str | None, as_json: bool) -> None:
    """Machines that have such a certificate, or are invited; of people of DOMAIN, or all."""
    output.print_rows(MACHINES, ask("machine.list", domain=domain), as_json=as_json)


@cert.command()
@click.argument("address")
@click.argument("machine", metavar="ID")
@options.json_option
@options.installation_options
def revoke(*, address: str, machine: str, as_json: bool) -> None:
    """End all certificates of the machine ID of ADDRESS; at once, also on connections that are open."""
    gone = ask("machine.revoke", address=address, id=machine)
    output.print_done(gone, "{name} of {address} is out", as_json=as_json)


def _shown(rows: list[dict[str, Any]], *, as_json: bool) -> int:
    """Exit code 1 when one of them was not to be had."""
    from skrytka.cli.main import EXIT_FAILED, EXIT_OK

    output.print_rows(COLUMNS, rows, as_json=as_json)
    return EXIT_FAILED if any(row["error"] for row in rows) else EXIT_OK
