import pytest

from skrytka.cli import output

ROWS = [
    {"name": "a", "is_new": True, "size": 0, "created_at_ms": 1_800_000_000_000, "tags": ["x", "y"], "none": None},
    {"name": "[b]x", "is_new": False, "size": 5, "created_at_ms": 0, "tags": [], "none": None},
]


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_rows(("name", "is_new", "created_at", "tags", "none"), ROWS, as_json=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["name", "new", "created", "at", "tags", "none"],
        ["a", "yes", "2027-01-15", "08:00:00Z", "x,", "y", "-"],
        ["[b]x", "no", "-", "-"],
    ]


def test_a_pipe_has_no_edge(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_rows(("name",), [{"name": "x y " * 200}], as_json=False)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_json_has_every_field_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    output.print_rows(("name",), ROWS, as_json=True)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_what_was_done_is_a_sentence_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_done({"name": "a", "tags": ["x", "y"]}, "{name} has {tags}", as_json=False)
    assert capsys.readouterr().out == "a has x, y\n"
    output.print_done({"name": "a"}, "{name}", as_json=True)
    assert capsys.readouterr().out == '{\n  "name": "a"\n}\n'


def test_facts_stand_under_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_facts({"a": 1, "longer": True})
    assert capsys.readouterr().out == "a       1\nlonger  yes\n"


@pytest.mark.parametrize("char", ["\x1b", "\x9b", "\x85", "\u2028", "\u202e", "\n", "\r", "\t", "\b"])
def test_what_strangers_chose_never_reaches_the_terminal_as_a_control(
    capsys: pytest.CaptureFixture[str], char: str
) -> None:
    hostile = f"a{char}[31mb"
    output.print_rows(("name",), [{"name": hostile, "tags": [hostile]}], as_json=False)
    output.print_done({"name": hostile}, "made {name}", as_json=False)
    output.print_facts({"name": hostile})
    shown = capsys.readouterr().out
    assert char not in shown.replace("\n", "") if char != "\n" else shown.count("\n") == 4
    assert shown.count("\\") == 3


def test_letters_of_all_scripts_are_shown_as_they_are() -> None:
    assert output.visible("żółw 好 αβ") == "żółw 好 αβ"
