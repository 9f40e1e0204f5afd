"""store/events/checkpoint.py."""

from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.store.events import checkpoint
from skrytka.store.events.checkpoint import CheckpointSigner, read_checkpoints
from skrytka.store.events.verify import verify
from skrytka.store.events.writer import append_synced

HEADS: dict[str, tuple[int, str]] = {}


def test_each_checkpoint_is_signed_by_the_key_the_one_before_named(tmp_path: Path, clock: FixedClock) -> None:
    signer = CheckpointSigner(tmp_path, tmp_path / "events.key", clock, anchor=tmp_path / "elsewhere" / "anchor.jsonl")
    assert [signer.sign(HEADS) for _ in range(3)] == [1, 2, 3]
    bodies = [line.body() for line in read_checkpoints(tmp_path)]
    assert [body.public for body in bodies[1:]] == [body.next_public for body in bodies[:-1]]
    assert len({body.public for body in bodies}) == 3
    assert verify(tmp_path).problems == []
    assert (tmp_path / "elsewhere" / "anchor.jsonl").read_bytes() == (tmp_path / "checkpoints.jsonl").read_bytes()
    assert (tmp_path / "events.key").stat().st_mode & 0o777 == 0o600


def test_a_signer_that_starts_again_goes_on_with_the_evolved_key(tmp_path: Path, clock: FixedClock) -> None:
    for _ in range(3):
        CheckpointSigner(tmp_path, tmp_path / "events.key", clock).sign(HEADS)
    report = verify(tmp_path)
    assert (report.checkpoints, report.problems) == (3, [])


@pytest.mark.parametrize("is_line_written", [False, True])
def test_a_crash_between_line_and_key_leaves_the_right_key_in_force(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, is_line_written: bool
) -> None:
    signer = CheckpointSigner(tmp_path, tmp_path / "events.key", clock)
    signer.sign(HEADS)
    real_append, real_save = append_synced, CheckpointSigner._save

    def append(path: Path, data: bytes) -> None:
        if is_line_written:
            real_append(path, data)
        monkeypatch.setattr(CheckpointSigner, "_save", real_save)
        raise OSError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "append_synced", append)
        with pytest.raises(OSError, match="the power went"):
            signer.sign(HEADS)
    CheckpointSigner(tmp_path, tmp_path / "events.key", clock).sign(HEADS)
    report = verify(tmp_path)
    assert (report.checkpoints, report.problems) == (3 if is_line_written else 2, [])


def test_a_line_that_a_crash_tore_is_passed_over_by_every_later_start(tmp_path: Path, clock: FixedClock) -> None:
    CheckpointSigner(tmp_path, tmp_path / "events.key", clock).sign(HEADS)
    path = tmp_path / "checkpoints.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes()[:300])
    for number in (2, 3, 4):
        assert CheckpointSigner(tmp_path, tmp_path / "events.key", clock).sign(HEADS) == number
    report = verify(tmp_path)
    assert (report.checkpoints, report.problems) == (4, [])


def test_a_damaged_key_is_told_with_what_to_do(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "events.key").write_bytes(b"x")
    with pytest.raises(
        PermanentError, match=r"events\.key is damaged; take it from the backup, or move it away"
    ) as caught:
        CheckpointSigner(tmp_path, tmp_path / "events.key", clock)
    assert caught.value.reason is Reason.CORRUPT
