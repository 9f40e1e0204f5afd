"""What commands print: a table for people, JSON for programs, nothing else on standard output."""

from collections.abc import Mapping, Sequence

import click
import msgspec


def print_json(value: object) -> None:
    """One JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode), indent=2))


def print_rows(columns: Sequence[str], rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """A list of things; JSON has every field, the table the named columns."""
    if as_json:
        print_json(list(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console(highlight=False, soft_wrap=not rows, markup=False).print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _encode(value: object) -> object:
    return str(value)
