"""What reports are packed in; bombs come out as an error, soon and in little memory."""

import gzip
import io
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.reports.packed import IN_MAX, OUT_MAX, PackedError, unpacked

REPORT = b"<feedback>" + b"<record/>" * 1000 + b"</feedback>"


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, streamed: bool = False) -> bytes:
    class Stream(io.BytesIO):
        """Without seek, zipfile writes sizes behind the data."""

        def seekable(self) -> bool:
            return not streamed

        def seek(self, *where: int) -> int:
            if streamed:
                raise OSError("a pipe")
            return super().seek(*where)

        def tell(self) -> int:
            if streamed:
                raise OSError("a pipe")
            return super().tell()

    made = Stream()
    with zipfile.ZipFile(made, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        REPORT,
        gzip.compress(REPORT),
        gzip.compress(REPORT) + b"\0\0trailing",
        archive(("r.xml", REPORT)),
        archive(("r.XML", REPORT), method=zipfile.ZIP_STORED),
        archive(("folder/", b""), ("note.txt", b"hello"), ("r.xml", REPORT)),
        archive(("note.txt", b"hello" * 100), ("r.xml", REPORT), streamed=True),
    ],
    ids=len,  # the octets have the time in them
)
def test_a_report_comes_out(data: bytes) -> None:
    assert unpacked(data) == REPORT


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"x" * (IN_MAX + 1), "too long"),
        (gzip.compress(REPORT)[:-20], "cut off"),
        (gzip.compress(REPORT)[:20] + b"\xff" * 50, "damaged"),
        (b"\x1f\x8b", "cut off"),
        (archive(("note.txt", b"hello")), "without a report"),
        (archive(*((f"{n}.txt", b"x") for n in range(9)), ("r.xml", REPORT)), "without a report"),
        (archive(("r.xml", REPORT), method=zipfile.ZIP_BZIP2), "a method"),
        (archive(("r.xml", REPORT)).replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01"), "encrypted"),
        (b"PK\x03\x04", "without a report"),
        (archive(("r.xml", REPORT))[:60], "cut off"),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, bytes) else value,
)
def test_what_cannot_be_undone_is_told(data: bytes, said: str) -> None:
    with pytest.raises(PackedError, match=said):
        unpacked(data)


def bomb(size: int) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(stream.compress(b"\0" * 1_000_000) for _ in range(size // 1_000_000)), stream.flush()])


@pytest.mark.parametrize(
    "make", [lambda: bomb(4 * OUT_MAX), lambda: archive(("r.xml", b"\0" * (OUT_MAX + 1)))], ids=["gzip", "zip"]
)
def test_a_bomb_ends_soon_and_in_little_memory(make: Callable[[], bytes]) -> None:
    data = make()
    before = time.process_time()
    tracemalloc.start()
    with pytest.raises(PackedError, match="bomb"):
        unpacked(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < OUT_MAX + 8_000_000
    assert time.process_time() - before < 2


@given(st.binary(max_size=300))
def test_anything_comes_out_or_is_an_error(octets: bytes) -> None:
    for data in (octets, b"\x1f\x8b\x08" + octets, b"PK\x03\x04" + octets):
        try:
            assert len(unpacked(data)) <= OUT_MAX
        except PackedError:
            continue
