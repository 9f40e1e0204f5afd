"""docs/events.md names every event class of ``skrytka.model.events`` and none that is not there."""

from collections.abc import Iterator

import pytest

from skrytka.model import events
from tests.support.needs import NOT_RUN
from tests.support.tree import DOCS, code_spans, table_rows

PAGE = DOCS / "events.md"


def leaves(base: type[events.Event]) -> Iterator[type[events.Event]]:
    """The classes that nothing of the product derives from: what is really emitted."""
    below = [kind for kind in base.__subclasses__() if kind.__module__.startswith("skrytka.")]
    if not below:
        yield base
    for kind in below:
        yield from leaves(kind)


def event_names() -> set[str]:
    return {kind.__name__ for kind in leaves(events.Event)}


@pytest.fixture
def documented() -> set[str]:
    if not PAGE.is_file():
        pytest.skip(f"{NOT_RUN}docs/events.md is not written yet")
    return {span for row in table_rows(PAGE.read_text(encoding="utf-8")) for span in code_spans(row[0])}


def test_every_event_is_documented(documented: set[str]) -> None:
    missing = sorted(event_names() - documented)
    assert not missing, f"docs/events.md has no table row that begins with `ClassName` for: {missing}"


def test_no_documented_event_is_gone(documented: set[str]) -> None:
    gone = sorted(documented - event_names())
    assert not gone, f"docs/events.md describes events that do not exist: {gone}"


def test_every_event_names_existing_fields_as_personal() -> None:
    wrong = {
        kind.__name__: sorted(unknown)
        for kind in leaves(events.Event)
        if (unknown := (kind.PERSONAL | kind.ADDRESSES).difference(kind.__struct_fields__))
    }
    assert not wrong, f"PERSONAL or ADDRESSES name fields that the event does not have: {wrong}"
