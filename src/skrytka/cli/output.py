"""What commands print: a table for people, JSON for programs, nothing else on standard output."""

import datetime as dt
import sys
from collections.abc import Mapping, Sequence

import click
import msgspec

WIDTH_MAX = 2000


def print_json(value: object) -> None:
    """One JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode), indent=2))


def print_line(value: object) -> None:
    """One JSON document on a line: of a row of things each as soon as it is known."""
    click.echo(msgspec.json.encode(value, enc_hook=_encode).decode())


def print_rows(columns: Sequence[str], rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """A list of things; JSON has every field, the table the named columns."""
    if as_json:
        print_json(list(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.removeprefix("is_").replace("_", " "), overflow="fold")
    for row in map(readable, rows):
        table.add_row(*(_cell(row.get(column)) for column in columns))
    width = None if sys.stdout.isatty() else WIDTH_MAX  # a pipe has no edge to wrap at
    console = Console(highlight=False, markup=False, width=width)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().split("\n")[:-1]:
        click.echo(line.rstrip())  # the last column is padded too


def print_done(result: Mapping[str, object], text: str, *, as_json: bool) -> None:
    """What a command did: its result as JSON, or a sentence about it."""
    if as_json:
        print_json(result)
    else:
        click.echo(text.format_map({key: _cell(value) for key, value in result.items()}))


def print_facts(facts: Mapping[str, object]) -> None:
    """A few names with their values."""
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{name:{width}}  {_cell(value)}")


def readable(row: Mapping[str, object]) -> dict[str, object]:
    """The row with its times as text beside the milliseconds."""
    times = {
        name.removesuffix("_ms"): dt.datetime.fromtimestamp(value / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        for name, value in row.items()
        if name.endswith("_at_ms") and isinstance(value, int) and value  # 0 is never
    }
    return {**row, **times}


def visible(text: str) -> str:
    """The text with what a terminal would obey instead of show written out: strangers choose addresses and names."""
    return text if text.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _cell(value: object) -> str:
    return visible(_text(value))


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _encode(value: object) -> object:
    return str(value)
