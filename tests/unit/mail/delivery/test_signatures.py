"""What signatures need of a message is read while it streams through the real IncomingMessage."""

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from skrytka.mail.delivery import signatures
from skrytka.mail.delivery.incoming import HeaderFilter
from skrytka.mail.delivery.message import HEADER_INLINE_BYTES, IncomingMessage, Sealed
from skrytka.mail.delivery.signatures import SignatureReader
from skrytka.model.clock import FixedClock
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.results import DkimReason, SignatureResult
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY
from skrytka.protocol.mailauth.message import Signed, read_signed, signature_checks
from skrytka.protocol.mailauth.query import run_with
from skrytka.store.seal.blob import BlobWriter
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.system import SystemRandom
from tests.support import dkim

RESULTS_OF_OURS = b"Authentication-Results: mx.example.test; spf=pass\r\n"


async def _read(folder: Path, message: bytes, chunk: int) -> Sealed:
    memory = MemoryBudget()
    writer = BlobWriter(folder, FixedClock(), SystemRandom(), memory)
    incoming = IncomingMessage(writer, HeaderFilter("mx.example.test", 256 * 1024), memory, SignatureReader())
    for start in range(0, len(message), chunk):
        await incoming.write(message[start : start + chunk])
    sealed = await incoming.finish()
    assert isinstance(sealed, Sealed)
    assert sealed.content == message.replace(RESULTS_OF_OURS, b"")
    await incoming.abort()
    assert memory.held_bytes == 0
    return sealed


def _verify(sealed: Sealed, *, is_long: bool = False) -> list[SignatureResult]:
    assert sealed.signatures is not None
    found = sealed.signatures.with_hashes(sealed.hashes)
    assert found is not None
    assert found.is_long is is_long
    return [run_with(check, dkim.own_records()) for check in signature_checks(found.signed, found.bodies, dkim.NOW_S)]


@pytest.mark.parametrize("chunk", [1, 7, 100, 65536])
async def test_a_signed_message_passes_however_it_is_cut(tmp_path: Path, chunk: int) -> None:
    (result,) = _verify(await _read(tmp_path, dkim.signed(), chunk))
    assert result.reason is DkimReason.VERIFIED


@pytest.mark.parametrize("chunk", [1, 65536])
async def test_a_field_that_the_filter_takes_out_is_still_there_for_signatures(tmp_path: Path, chunk: int) -> None:
    message = dkim.handmade(
        "v=1; a=ed25519-sha256; d=example.org; s=e1; c=relaxed/relaxed; h=From:Authentication-Results",
        RESULTS_OF_OURS + dkim.MESSAGE,
    )
    (result,) = _verify(await _read(tmp_path, message, chunk))
    assert result.reason is DkimReason.VERIFIED


@pytest.mark.parametrize("filler", [b"x" * 70 + b"\r\n", b"\xc5\xbc" * 30 + b"\r\n"])
async def test_a_long_header_and_one_that_is_not_ascii_are_read_in_a_thread(
    tmp_path: Path, filler: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    read = read_signed

    def spy(fields: Iterable[tuple[bytes, bytes]]) -> Signed:
        threads.append(threading.get_ident())
        return read(fields)

    monkeypatch.setattr(signatures, "read_signed", spy)
    is_long = filler.isascii()
    count = HEADER_INLINE_BYTES // len(filler) if is_long else 1
    fields = b"".join(b"X-%d: %s" % (number, filler) for number in range(count))
    (result,) = _verify(await _read(tmp_path, dkim.signed(fields + dkim.MESSAGE), 4096), is_long=is_long)
    assert result.reason is DkimReason.VERIFIED
    await _read(tmp_path, dkim.signed(), 4096)
    assert [thread == threading.get_ident() for thread in threads] == [False, True]


async def test_a_message_without_a_body_is_hashed_too(tmp_path: Path) -> None:
    header = b"From: joe@example.org\r\nSubject: nothing\r\n"
    for message in (header, header + b"\r\n"):
        (result,) = _verify(await _read(tmp_path, dkim.signed(message), 65536))
        assert result.reason is DkimReason.VERIFIED


@pytest.mark.parametrize("name", ["read_signed", "feed", "finish"])
async def test_a_bug_is_kept_and_costs_no_octet(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    message = dkim.signed()
    monkeypatch.setattr(signatures if name == "read_signed" else BodyHasher, name, broken)
    sealed = await _read(tmp_path, message, 100)
    assert isinstance(sealed.hash_bug, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        sealed.hash_of(SIGNED_BODY)
