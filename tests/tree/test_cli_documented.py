"""docs/cli.md has a row for every command with its options, and one for every exit code; and none that is gone."""

import re
from collections.abc import Iterator

import click

from skrytka.cli import main
from tests.support.tree import DOCS, code_spans, table_rows

PAGE = DOCS / "cli.md"
EVERYWHERE = frozenset({"--dir", "--config", "--help"})  # described once, at the top of the page


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by its full name."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None, name
        yield from commands(inner, f"{path} {name}")


def long_options(command: click.Command) -> set[str]:
    """Its options by their long names, without those of every command."""
    options = [param for param in command.params if isinstance(param, click.Option)]
    return {name for option in options for name in option.opts if name.startswith("--")} - EVERYWHERE


def rows() -> list[list[str]]:
    return table_rows(PAGE.read_text(encoding="utf-8"))


def documented() -> dict[str, set[str]]:
    """Command -> the options in the second cell of its row."""
    found = {}
    for row in rows():
        if (spans := code_spans(row[0])) and spans[0].startswith("skrytka "):
            found[spans[0]] = set(code_spans(row[1])) - EVERYWHERE
    return found


def test_every_command_is_documented_with_its_options_and_no_other() -> None:
    real = {path: long_options(command) for path, command in commands(main.skrytka, "skrytka")}
    assert documented() == real


def test_every_exit_code_is_documented_and_no_other() -> None:
    real = {str(value) for name, value in vars(main).items() if re.fullmatch(r"EXIT_[A-Z_]+", name)}
    shown = {spans[0] for row in rows() if (spans := code_spans(row[0])) and spans[0].isdigit()}
    assert shown == real


def test_the_walk_finds_the_commands_of_groups_and_their_options() -> None:
    @click.group()
    def outer() -> None: ...

    @outer.command()
    @click.option("--json", "as_json", is_flag=True)
    @click.option("-n", "--number")
    @click.option("--dir")
    def inner() -> None: ...

    assert [(path, long_options(command)) for path, command in commands(outer, "x")] == [
        ("x inner", {"--json", "--number"})
    ]
