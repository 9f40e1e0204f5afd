import pytest

from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.model.errors import PermanentError, Reason


@pytest.mark.parametrize(
    "verifier",
    [Verifier("1$hash"), Verifier("1$hash", ("web", "imaps")), Verifier("1$hash", (), "once", 5, is_by_code=True)],
)
def test_what_is_stored_is_read_again(verifier: Verifier) -> None:
    assert decode_verifier(verifier.encode()) == verifier


@pytest.mark.parametrize("raw", [b"", b"1$argon2", b"\x91\x01", b"\xff", b"\x92\xa2\xff\xfe\x90"])
def test_anything_else_is_corrupt(raw: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        decode_verifier(raw)
    assert caught.value.reason is Reason.CORRUPT
