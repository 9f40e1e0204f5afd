"""What the supervisor counts, kept over its end: limits, attacks and what is done about them (``run/counters``).

Written every few seconds while something changes, whole or not at all, sealed under a key of the ring that no front
gets: it names addresses, networks and accounts. A file that does not open, or holds what none of ours does, is an event
and counts as none. Times are those of :class:`Lasting`, which goes on where the last process stopped.
Format: docs/formats.md, "Counters".
"""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skrytka.daemon.files import write_private
from skrytka.mail.identity.attacks.counted import Counted, KeptAccount, KeptAll, KeptDelay, KeptGuard, KeptSource
from skrytka.mail.identity.attacks.counting import Seconds
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import UNREADABLE, ReasonedError
from skrytka.model.events import Emitter, FaultRaised
from skrytka.net.bugs import bug_caught
from skrytka.net.limits import KeptWindow, LimitTable
from skrytka.store.seal.keys import derive
from skrytka.store.seal.ring import COUNTERS_SUBJECT, KeyRing

KEEP_S: Final = 5.0
WINDOWS_KEPT: Final = 20_000  # used last
FILE_MAX_BYTES: Final = 64 * 1024 * 1024
SLICE_BYTES: Final = 16 * 1024  # between two turns of the loop: half a millisecond
FAULT: Final = "F-counters"
_MAGIC: Final = b"SKRC\x01"
_NONCE: Final = 12
_TAG: Final = 16
_ARRAY: Final = b"\xdd"  # MessagePack: array 32, its length follows in four bytes


class Head(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="head"):
    """When the rows were true."""

    monotonic_s: Seconds
    at_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


Row = Head | KeptWindow | KeptSource | KeptAccount | KeptGuard | KeptDelay | KeptAll
_decoder: Final[msgspec.msgpack.Decoder[list[Row]]] = msgspec.msgpack.Decoder(list[Row])


class Lasting:
    """A clock whose monotonic time goes on from that of the process before, by what the wall clock says has passed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = 0.0

    def now_ms(self) -> int:
        """As the clock of this machine."""
        return self._clock.now_ms()

    def monotonic_s(self) -> float:
        """Seconds that go on over the end of a process."""
        return self._clock.monotonic_s() + self._ahead_s

    def go_on(self, head: Head) -> None:
        """A wall clock that was set back since makes nothing younger."""
        passed_s = max(0, self._clock.now_ms() - head.at_ms) / 1000
        self._ahead_s = head.monotonic_s + passed_s - self._clock.monotonic_s()


class Counters:
    """Of the supervisor. :meth:`load` before anything is counted, :meth:`keep` from then on."""

    def __init__(
        self,
        path: Path,
        ring: KeyRing,
        clock: Lasting,
        random: Random,
        table: LimitTable,
        counted: Counted,
        events: Emitter,
    ) -> None:
        self._path = path
        self._ring = ring
        self._clock = clock
        self._random = random
        self._table = table
        self._counted = counted
        self._events = events
        self._is_failing = False
        self._kept = (0, 0)
        self._key: AESGCM | None = None

    def load(self) -> None:
        """What the last process kept; never fails."""
        try:
            with contextlib.suppress(ReasonedError):  # made before anybody waits for the loop; told by who needs it
                self._cipher()
            self._restore(self._read())
        except FileNotFoundError:
            return
        except (OSError, ReasonedError) as exc:
            self._tell(f"{self._path} cannot be read: {exc}")
        except (*UNREADABLE, ValueError, InvalidTag):
            self._tell(f"{self._path} is damaged or not ours: what was counted before the start is not known")
        self._kept = self._changes

    async def keep(self) -> None:
        """Write what has changed, if anything has. A disk that refuses is told once, and tried again.

        Never fails: the server goes on without.
        """
        try:
            await self._keep()
        except Exception as exc:  # noqa: BLE001 - a bug here is none with the server (conventions C6)
            self._events.emit(bug_caught(exc))

    async def _keep(self) -> None:
        changes = self._changes
        if changes == self._kept:
            return
        plain = bytearray(_ARRAY + bytes(4))
        encoder, count, due = msgspec.msgpack.Encoder(), 0, SLICE_BYTES
        for row in self._rows():
            plain += encoder.encode(row)
            count += 1
            if len(plain) >= due:
                due = len(plain) + SLICE_BYTES
                await asyncio.sleep(0)
        plain[1:5] = count.to_bytes(4, "big")
        try:
            await asyncio.to_thread(self._write, bytes(plain), self._cipher())
        except (OSError, ReasonedError) as exc:
            if not self._is_failing:
                self._tell(f"{self._path} cannot be written: {exc}")
            self._is_failing = True
            return
        self._is_failing, self._kept = False, changes

    @property
    def _changes(self) -> tuple[int, int]:
        return self._table.changes, self._counted.changes

    def _rows(self) -> Iterator[Row]:
        yield Head(self._clock.monotonic_s(), self._clock.now_ms())
        yield from self._table.kept(WINDOWS_KEPT)
        yield from self._counted.kept(self._clock.monotonic_s())

    def _restore(self, rows: list[Row]) -> None:
        if not rows or not isinstance(head := rows[0], Head):
            raise ValueError("no head")
        self._clock.go_on(head)
        for row in rows[1:]:
            if isinstance(row, KeptWindow):
                self._table.restore(row)
            elif not isinstance(row, Head):
                self._counted.restore(row)

    def _cipher(self) -> AESGCM:
        if self._key is None:
            self._key = AESGCM(derive(self._ring.node(COUNTERS_SUBJECT), "counters"))
        return self._key

    def _read(self) -> list[Row]:
        with self._path.open("rb") as file:
            octets = file.read(FILE_MAX_BYTES + 1)
        if len(octets) > FILE_MAX_BYTES or octets[: len(_MAGIC)] != _MAGIC or len(octets) < len(_MAGIC) + _NONCE + _TAG:
            raise ValueError("no file of ours")
        sealed = octets[len(_MAGIC) :]
        return _decoder.decode(self._cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], _MAGIC))

    def _write(self, plain: bytes, cipher: AESGCM) -> None:
        nonce = self._random.token(_NONCE)
        write_private(self._path, _MAGIC + nonce + cipher.encrypt(nonce, plain, _MAGIC))

    def _tell(self, detail: str) -> None:
        self._events.emit(FaultRaised(fault=FAULT, detail=detail))
