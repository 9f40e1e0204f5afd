"""``skrytka cert``: the certificates of the running server."""

from typing import Any

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

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
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 90), default=30, show_default=True, help="Until it ends by itself.")
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="A new file, for its key too.")
@options.json_option
@options.installation_options
def client(*, name: str, days: int, out: str, as_json: bool) -> None:
    """Make a certificate for the machine NAME, by which listeners.api knows it where it demands one."""
    import os

    made = ask("cert.client", name=name, days=days)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as exc:
        raise click.UsageError(f"{out} is there already: name another file") from exc
    with os.fdopen(descriptor, "w") as file:
        file.write(made["certificate"] + made["key"])
    output.print_done(
        {"name": made["name"], "days": days, "file": out}, "{file} is good for {days} days", as_json=as_json
    )


def _shown(rows: list[dict[str, Any]], *, as_json: bool) -> int:
    """Exit code 1 when one of them was not to be had."""
    from skrytka.cli.main import EXIT_FAILED, EXIT_OK

    output.print_rows(COLUMNS, rows, as_json=as_json)
    return EXIT_FAILED if any(row["error"] for row in rows) else EXIT_OK
