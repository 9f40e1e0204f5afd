"""``skrytka trace``: what happened to a message."""

from collections.abc import Mapping

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask
from skrytka.cli.sender_words import sender_words


@click.command()
@click.argument("what", metavar="ADDRESS|ID")
@options.json_option
@options.installation_options
def trace(*, what: str, as_json: bool) -> int:
    """Everything that happened to the messages of ADDRESS, or under the trace ID of a reply or an event."""
    from skrytka.cli.main import EXIT_NOT_FOUND, EXIT_OK, complain

    found = ask("trace", what=what)
    if as_json:
        output.print_json(found)
    elif found:
        output.print_rows(("at", "trace", "kind", "what"), [row(event) for event in found], as_json=False)
    if not found:
        complain(f"nothing is known of {what}; events older than their retention are gone")
        return EXIT_NOT_FOUND
    return EXIT_OK


def row(event: Mapping[str, object]) -> dict[str, object]:
    """One line of the table."""
    fields = event.get("fields")
    if event.get("kind") == "sender_checked" and isinstance(fields, dict):
        return {**event, "what": sender_words(fields)}
    shown = fields.items() if isinstance(fields, dict) else ()
    return {**event, "what": " ".join(f"{name}={text(value)}" for name, value in shown if value != "")}


def text(value: object) -> str:
    """A field's value on one line."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
