"""Looks for a text in files in every form that a careless program could have left it in."""

import base64
import contextlib
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import zstandard

OPENED_MAX: Final = 32 * 1024 * 1024
_COMPRESSED: Final = re.compile(
    rb"(?P<zstd>\x28\xb5\x2f\xfd)|(?P<zlib>\x78[\x01\x5e\x9c\xda])|(?P<gzip>\x1f\x8b\x08)", re.DOTALL
)


def forms(text: str) -> dict[str, bytes]:
    """What to look for, by name; upper and lower case and base64 at each of three alignments included."""
    found: dict[str, bytes] = {}
    for case, one in {"as it is": text, "lower case": text.lower(), "upper case": text.upper()}.items():
        for encoding in ("ascii", "utf-16-le", "utf-16-be"):
            raw = one.encode(encoding)
            found[f"{case}, {encoding}"] = raw
            found[f"{case}, {encoding}, hex"] = raw.hex().encode()
            for shift in range(3):
                coded = base64.b64encode(bytes(shift) + raw)
                # The first and last characters depend on what stands beside it.
                inner = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]
                found[f"{case}, {encoding}, base64 at {shift}"] = inner
                found[f"{case}, {encoding}, base64url at {shift}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def opened(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The data itself and whatever can be decompressed from any place of it, one level deep."""
    yield "", data
    for match in _COMPRESSED.finditer(data):
        kind = match.lastgroup or ""
        with contextlib.suppress(zlib.error, zstandard.ZstdError, EOFError, OSError, MemoryError):
            yield f", {kind} at {match.start()}", _decompressed(kind, memoryview(data)[match.start() :])


def _decompressed(kind: str, data: memoryview) -> bytes:
    if kind == "zstd":
        return zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj().decompress(data)[:OPENED_MAX]
    return zlib.decompressobj(wbits=31 if kind == "gzip" else 15).decompress(data, OPENED_MAX)


def search(files: Iterable[Path], text: str) -> list[str]:
    """Where the text stands, in words; empty when it is hidden."""
    patterns = forms(text)
    found = []
    for path in files:
        for how, data in opened(path.read_bytes().rstrip(b"\0")):  # a WAL has its room before it needs it
            for form, pattern in patterns.items():
                if (at := data.find(pattern)) >= 0:
                    found.append(f"{path}: {form}{how}: {data[max(0, at - 40) : at + len(pattern) + 40]!r}")
    return found


def files_below(root: Path) -> list[Path]:
    """Every regular file."""
    return sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def planted(text: str) -> dict[str, bytes]:
    """The text hidden badly, by name: what :func:`search` must find."""
    raw = b"before it " + text.encode() + b" and after it"
    return {
        "clear": raw,
        "lower": raw.lower(),
        "upper": raw.upper(),
        "utf-16": raw.decode().encode("utf-16"),
        "utf-16-be": raw.decode().encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "zlib": b"junk" + zlib.compress(raw) + b"junk",
        "zlib, fast": b"j" + zlib.compress(raw, 1),
        "gzip": gzip.compress(raw),
        "zstd": b"junk" + zstandard.ZstdCompressor().compress(raw) + b"junk",
        "zstd, streamed": b"j" + b"".join(_streamed(raw)),
        "base64": base64.b64encode(raw),
        "base64 at 1": base64.b64encode(b"1" + raw),
        "base64 at 2": base64.b64encode(b"12" + raw),
        "base64 of utf-16": base64.b64encode(raw.decode().encode("utf-16-le")),
        "base64 in zstd": zstandard.ZstdCompressor().compress(base64.b64encode(raw)),
    }


def _streamed(raw: bytes) -> Iterator[bytes]:
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    yield stream.compress(raw)
    yield stream.flush()
