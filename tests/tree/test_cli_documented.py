"""docs/cli.md has a section for every command that names its options, and a row for every exit code."""

import re
from collections.abc import Iterator

import click

from skrytka.cli import main
from tests.support.tree import DOCS, code_spans, table_rows

PAGE = DOCS / "cli.md"
EVERYWHERE = frozenset({"--dir", "--config", "--json", "--help"})  # described once, at the top of the page


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


def all_options(command: click.Command) -> set[str]:
    """Its options by their long names."""
    options = [param for param in command.params if isinstance(param, click.Option)]
    return {name for option in options for name in option.opts if name.startswith("--")}


def long_options(command: click.Command) -> set[str]:
    """Those that its section has to name."""
    return all_options(command) - EVERYWHERE


def documented() -> dict[str, set[str]]:
    """Command -> the long options in its section: under a heading that is the command in backticks."""
    parts = re.split(r"^#+ `(skrytka [a-z ]+)`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = zip(parts[1::2], parts[2::2], strict=True)
    return {name: set(re.findall(r"--[a-z-]+", " ".join(code_spans(text)))) for name, text in sections}


def test_every_command_has_a_section_and_none_that_is_gone() -> None:
    assert documented().keys() == dict(commands(main.skrytka, "skrytka")).keys()


def test_every_option_is_in_the_section_of_its_command() -> None:
    shown = documented()
    missing = {
        path: sorted(lacking)
        for path, command in commands(main.skrytka, "skrytka")
        if (lacking := long_options(command) - shown.get(path, set()))
    }
    assert not missing, f"docs/cli.md does not name these options in the sections of their commands: {missing}"


def test_no_documented_option_is_gone() -> None:
    real = dict(commands(main.skrytka, "skrytka"))
    gone = {path: sorted(names - all_options(real[path])) for path, names in documented().items() if path in real}
    assert not any(gone.values()), f"docs/cli.md names options that do not exist: {gone}"


def test_every_exit_code_is_documented_and_no_other() -> None:
    real = {value for name, value in vars(main).items() if re.fullmatch(r"EXIT_[A-Z_]+", name)}
    shown = {int(row[0]) for row in table_rows(PAGE.read_text(encoding="utf-8")) if row[0].isdigit()}
    assert shown == real


def test_the_walk_finds_the_commands_of_groups_and_their_options() -> None:
    @click.group()
    def outer() -> None: ...

    @outer.command()
    @click.option("--json", "as_json", is_flag=True)
    @click.option("-n", "--number")
    @click.option("--dir")
    def inner() -> None: ...

    assert [(path, all_options(command)) for path, command in commands(outer, "x")] == [
        ("x inner", {"--json", "--number", "--dir"})
    ]
    assert [long_options(command) for _path, command in commands(outer, "x")] == [{"--number"}]
