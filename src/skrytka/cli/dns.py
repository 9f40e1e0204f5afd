"""``skrytka dns``: what a domain publishes in DNS, as it should be and as it is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask
from skrytka.cli.language import language_of, language_option

if TYPE_CHECKING:
    from skrytka.protocol.published.words import Words


@click.command()
@click.argument("domain")
@click.option("--bind", "is_bind", is_flag=True, help="Only the records, as text for a zone file of BIND.")
@click.option(
    "--table", "is_table", is_flag=True, help="Only what is there now: right, missing, wrong, and what to do."
)
@click.option("--publish", "is_publishing", is_flag=True, help="Put what is missing into the zones of [[dns.publish]].")
@click.option("--yes", "is_sure", is_flag=True, help="With --publish: do not ask.")
@language_option
@options.json_option
@options.installation_options
def dns(
    *,
    domain: str,
    is_bind: bool,
    is_table: bool,
    is_publishing: bool,
    is_sure: bool,
    language: str | None,
    as_json: bool,
) -> int:
    """The DNS records that DOMAIN needs, ready to be pasted, and what DNS has of them now.

    Exits with 8 when one is missing or wrong, else with 4 when nobody answered for one.
    """
    from skrytka.cli.main import EXIT_OK
    from skrytka.protocol.published.words import LANGUAGES

    if is_publishing:
        from skrytka.cli.dns_publish import publish

        return publish(domain, is_sure=is_sure, as_json=as_json)
    if is_bind and not (is_table or as_json):
        click.echo(ask("dns.records", domain=domain)["zone_file"], nl=False)
        return EXIT_OK
    found = ask("dns.look", domain=domain)
    words = LANGUAGES[language_of(language)]
    rows = [_explained(record, words) for record in found["records"]]
    if as_json:
        output.print_json({**found, "records": rows})
        return _status(rows)
    if not is_table or is_bind:
        click.echo(found["zone_file"])
    _print_table(rows, words)
    return _status(rows)


def _explained(record: Mapping[str, Any], words: "Words") -> dict[str, Any]:
    """The record with the words for it."""
    from skrytka.protocol.published.finding import Problem
    from skrytka.protocol.published.words import said_of

    if not record["problem"]:
        return {**record, "what": "", "do": ""}
    wanted = f"{record['type']} {record['value']}"
    said = said_of(Problem(record["problem"]), words, name=record["name"], wanted=wanted, detail=record["detail"])
    return {**record, "what": said.what, "do": said.do}


def _print_table(rows: list[dict[str, Any]], words: "Words") -> None:
    from skrytka.protocol.published.finding import State

    columns = words.columns
    shown = []
    for row in rows:
        state = words.states[State(row["state"])]
        mark = f"{state} ({words.optional})" if row["is_optional"] and row["problem"] else state
        said = "; ".join(text for text in (" | ".join(row["found"]), row["what"]) if text)
        text = f"{said} -> {row['do']}" if row["do"] else said
        shown.append(dict(zip(columns, (mark, row["name"], row["type"], text), strict=True)))
    output.print_rows(columns, shown, as_json=False)


def _status(rows: list[dict[str, Any]]) -> int:
    from skrytka.cli.main import EXIT_DIFFERENCES, EXIT_OK, EXIT_SERVER

    if any(row["is_fault"] for row in rows):
        return EXIT_DIFFERENCES
    is_unknown = any(row["state"] == "unknown" and not row["is_optional"] for row in rows)
    return EXIT_SERVER if is_unknown else EXIT_OK
