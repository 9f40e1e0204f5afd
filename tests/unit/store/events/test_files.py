"""store/events/files.py."""

from pathlib import Path

from skrytka.store.events.files import event_files, read_lines


def test_a_last_line_still_being_written_is_left_for_next_time(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-22" / "mail.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"torn\n\nhalf")
    assert [(read.offset, read.line) for read in read_lines(path)] == [(0, None)]
    assert event_files(tmp_path) == [path]
