"""``skrytka domain``: the domains that mail is taken for."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask
from skrytka.cli.language import STORED_LANGUAGE, stored_language


@click.group()
def domain() -> None:
    """Domains that mail is taken for."""


@domain.command()
@click.argument("name")
@options.json_option
@options.installation_options
def add(*, name: str, as_json: bool) -> None:
    """Take mail for the domain NAME."""
    done = "{name} is a domain of this server now; publish the keys of its signatures: skrytka dkim show {name}"
    output.print_done(ask("domain.add", domain=name), done, as_json=as_json)


@domain.command("list")
@options.json_option
@options.installation_options
def list_(*, as_json: bool) -> None:
    """All domains, and how many of their DNS records were missing or wrong at the last look (see `skrytka dns`)."""
    output.print_rows(("name", "created_at", "dns_faults", "dns_looked_at"), ask("domain.list"), as_json=as_json)


@domain.command()
@click.argument("name")
@click.argument("tag", type=STORED_LANGUAGE)
@options.json_option
@options.installation_options
def language(*, name: str, tag: str, as_json: bool) -> None:
    """In which language owners of accounts of NAME are written to: en, pl, or default for the server's."""
    set_ = ask("domain.language", domain=name, language=stored_language(tag))
    output.print_done(set_, "the language of {name} is set", as_json=as_json)


@domain.command()
@click.argument("name")
@options.json_option
@options.installation_options
def remove(*, name: str, as_json: bool) -> None:
    """Take no more mail for the domain NAME; it may have no accounts and aliases left."""
    output.print_done(ask("domain.remove", domain=name), "{name} is no domain of this server now", as_json=as_json)
