"""store/events/line.py."""

import json

import pytest

from skrytka.model.events import MessageReceived, ServerStarted
from skrytka.store.events import line as lines
from tests.unit.store.events.conftest import received


def encoded() -> bytes:
    raw_line, _ = lines.encode(received(), at="2026-11-22T10:25:05.123Z", chain="c", seq=1, prev="", salt=bytes(16))
    return raw_line


def test_personal_fields_stand_apart_from_the_chained_header() -> None:
    read = json.loads(encoded())
    assert read["p"]["recipients"] == ["alice@example.test"]
    assert "alice" not in json.dumps(read["e"])
    assert read["e"]["kind"] == "message_received"
    assert read["e"]["size_bytes"] == 1234


def test_an_event_without_personal_fields_has_no_personal_part() -> None:
    raw_line, _ = lines.encode(ServerStarted(version="1", fronts=2), at="x", chain="c", seq=1, prev="", salt=b"")
    assert set(json.loads(raw_line)) == {"e", "hash"}


def test_an_erased_line_keeps_its_hash_and_loses_the_person() -> None:
    raw_line = encoded()
    erased = lines.erased(raw_line)
    line, header = lines.parse(erased)
    assert line.hash == lines.parse(raw_line)[0].hash
    assert b"alice" not in erased
    assert lines.personal_hash_holds(line, header)
    assert lines.personal_fields(line) == {}


def test_a_changed_personal_part_is_noticed() -> None:
    line, header = lines.parse(encoded().replace(b"alice@", b"carol@"))
    assert not lines.personal_hash_holds(line, header)


@pytest.mark.parametrize(
    ("at_ms", "text"), [(0, "1970-01-01T00:00:00.000Z"), (1_795_343_105_007, "2026-11-22T10:25:05.007Z")]
)
def test_instants_are_rfc_3339_in_utc(at_ms: int, text: str) -> None:
    assert lines.instant_text(at_ms) == text


def test_kinds_are_named_in_snake_case() -> None:
    assert lines.kind_name(MessageReceived) == "message_received"


def test_hostile_text_stays_one_line_of_json() -> None:
    raw_line, _ = lines.encode(
        received('x"\r\n{"e":1}\x1b[2J@example.test'), at="x", chain="c", seq=1, prev="", salt=bytes(16)
    )
    assert raw_line.count(b"\n") == 1
    assert b"\x1b" not in raw_line
