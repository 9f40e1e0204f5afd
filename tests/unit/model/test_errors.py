"""model/errors.py."""

from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError


def test_an_error_says_its_reason_and_whether_waiting_helps() -> None:
    error = TransientError(Reason.DISK_FULL, "store/blobs")
    assert isinstance(error, SkrytkaError)
    assert not isinstance(error, PermanentError)
    assert (error.reason, error.detail, str(error)) == (Reason.DISK_FULL, "store/blobs", "disk_full: store/blobs")
