"""Translations follow their originals: whoever changes a heading, a command or a row of one has to change the other."""

import re
from pathlib import Path

import pytest

from tests.support.needs import ROOT

PAGES = {"README.pl.md": "README.md", "docs/admin.pl.md": "docs/admin.md"}
PICTURE = re.compile(r"^```\n.*?^```\n", re.MULTILINE | re.DOTALL)
TABLE_OF_MISSION = re.compile(r"<!-- mission:begin.*?<!-- mission:end -->", re.DOTALL)  # in English only


def text(name: str) -> str:
    return TABLE_OF_MISSION.sub("", PICTURE.sub("", (ROOT / name).read_text(encoding="utf-8")))


def headings(page: str) -> list[int]:
    """Their levels, in order."""
    return [len(found) for found in re.findall(r"^(#+) ", page, re.MULTILINE)]


def commands(page: str) -> list[str]:
    """The lines of indented blocks: commands and what they print."""
    return re.findall(r"^ {4,}(\S.*)$", page, re.MULTILINE)


def code(page: str) -> set[str]:
    """What stands in backticks: settings, commands, names of files."""
    return {" ".join(found.split()) for found in re.findall(r"`([^`]+)`", page)}


def rows(page: str) -> int:
    return len(re.findall(r"^\|", page, re.MULTILINE))


@pytest.mark.parametrize(("translation", "original"), PAGES.items())
def test_a_translation_has_the_headings_and_commands_of_its_original(translation: str, original: str) -> None:
    ours, theirs = text(translation), text(original)
    assert headings(ours) == headings(theirs)
    assert commands(ours) == commands(theirs)


def test_the_administrator_s_page_names_the_same_settings_files_and_rows_in_both_languages() -> None:
    ours, theirs = text("docs/admin.pl.md"), text("docs/admin.md")
    assert code(ours) == code(theirs)
    assert rows(ours) == rows(theirs)


@pytest.mark.parametrize(("translation", "original"), PAGES.items())
def test_both_lead_to_each_other(translation: str, original: str) -> None:
    assert f"({Path(translation).name})" in text(original)
    assert f"({Path(original).name})" in text(translation)


def test_what_is_compared_is_there() -> None:
    assert len(commands(text("docs/admin.md"))) > 40
    assert len(code(text("docs/admin.md"))) > 40
    assert headings("# a\n\n## b\n") == [1, 2]
    assert commands("    run this\ntext\n") == ["run this"]
    assert code("`a\nb` and `c`") == {"a b", "c"}
