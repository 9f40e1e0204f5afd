"""model/events.py: rules that hold for every event class."""

from collections.abc import Iterator

import msgspec
import pytest

from skrytka.model.events import RESERVED, Event, EventClass


def leaves(kind: type[Event] = Event) -> Iterator[type[Event]]:
    for child in kind.__subclasses__():
        below = list(leaves(child))
        yield from below or [child]


KINDS = {kind.__name__: kind for kind in leaves()}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_event_names_its_class_and_only_fields_that_it_has(kind: type[Event]) -> None:
    names = {field.name for field in msgspec.structs.fields(kind)}
    assert kind.CLASS in EventClass
    assert names >= kind.PERSONAL
    assert not names & RESERVED, "the line would say the field's value instead of its own"
    assert kind.ADDRESSES <= kind.PERSONAL, "an address is personal"
    named_by_people = {"remote", "helo", "recipient", "recipients", "reverse_path", "account_name"}
    assert not named_by_people & names - kind.PERSONAL
