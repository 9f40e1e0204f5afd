"""``skrytka dkim``: the keys that sign mail of the domains here (docs/dkim.md)."""

from collections.abc import Mapping, Sequence

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask
from skrytka.mail.admin.types import txt_line

COLUMNS = ("domain", "selector", "algorithm", "state", "since_at")
_ELSEWHERE = "DNS has another record there; publish this one instead"
_STEPS = {
    ("new", "no"): "publish this; it signs nothing before DNS shows it",
    ("new", "other"): _ELSEWHERE,
    ("new", "yes"): "DNS shows it; the server uses it within minutes, or at once: skrytka dkim check {domain}",
    ("waiting", "yes"): "DNS shows it; it is used when nobody can remember that it was not there",
    ("waiting", "no"): "DNS shows it no more; publish it again",
    ("waiting", "other"): _ELSEWHERE,
    ("active", "yes"): "signs",
    ("active", "no"): "signs, but nobody can verify it: publish this",
    ("active", "other"): f"signs, but nobody can verify it: {_ELSEWHERE}",
    ("retired", "yes"): "signs no more; leave it in DNS, mail that it signed is on its way",
    ("retired", "no"): "signs no more, but mail that it signed is on its way: publish this again",
    ("retired", "other"): f"signs no more, but mail that it signed is on its way: {_ELSEWHERE}",
}
_REVOKED = "revoked; publish this instead of the key"
_UNKNOWN = "DNS cannot be asked now"


@click.group()
def dkim() -> None:
    """Keys that sign the mail of the domains here."""


@dkim.command("list")
@click.argument("domain", required=False)
@options.json_option
@options.installation_options
def list_(*, domain: str | None, as_json: bool) -> None:
    """The keys of DOMAIN, or of all domains, without a look into DNS."""
    rows = ask("dkim.list", **({"domain": domain} if domain else {}))
    _print(rows, as_json=as_json)


@dkim.command()
@click.argument("domain")
@options.json_option
@options.installation_options
def show(*, domain: str, as_json: bool) -> None:
    """What DOMAIN has to publish, and what DNS shows now."""
    rows = ask("dkim.show", domain=domain)
    if as_json or not rows:
        _print(rows, as_json=as_json)
        return
    for row in rows:
        click.echo(f"; {row['selector']} ({row['algorithm']}): {output.visible(step_of(row))}")
        click.echo(txt_line(str(row["name"]), str(row["record"])))


@dkim.command()
@click.argument("domain", required=False)
@options.json_option
@options.installation_options
def check(*, domain: str | None, as_json: bool) -> None:
    """Look into DNS now, and use, retire and revoke the keys of DOMAIN, or of all, as it is their time."""
    rows = ask("dkim.check", **({"domain": domain} if domain else {}))
    _print(rows, as_json=as_json)


@dkim.command()
@click.argument("domain")
@options.json_option
@options.installation_options
def rotate(*, domain: str, as_json: bool) -> None:
    """Make new keys for DOMAIN now; they take over when DNS has shown them long enough. Undo: revoke them."""
    rows = ask("dkim.rotate", domain=domain)
    _print(rows, as_json=as_json)
    if not as_json:
        click.echo(f"what to publish: skrytka dkim show {domain}")


@dkim.command()
@click.argument("domain")
@click.argument("selector")
@options.json_option
@options.installation_options
def use(*, domain: str, selector: str, as_json: bool) -> None:
    """Sign with the key SELECTOR from now on, a new or a retired one, if DNS shows it."""
    _print(ask("dkim.use", domain=domain, selector=selector), as_json=as_json)


@dkim.command()
@click.argument("domain")
@click.argument("selector")
@options.json_option
@options.installation_options
def revoke(*, domain: str, selector: str, as_json: bool) -> None:
    """Destroy the key SELECTOR for good. Until there is another one, mail leaves without its signature."""
    _print(ask("dkim.revoke", domain=domain, selector=selector), as_json=as_json)


def step_of(row: Mapping[str, object]) -> str:
    """What a key does, and what is to be done about it."""
    if row["state"] == "revoked":
        return _REVOKED
    return _STEPS.get((str(row["state"]), str(row["dns"])), _UNKNOWN).format(domain=row["domain"])


def _print(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    if not rows and not as_json:
        click.echo("there are no keys yet; the server makes them within minutes")
        return
    output.print_rows(COLUMNS, rows, as_json=as_json)
