"""Signed checkpoints: every 60 s the heads of all chains under an Ed25519 key that is then destroyed.

Each checkpoint names the public half of the next key, so who steals the key of today cannot rewrite
yesterday. The line:
``{"c":{"v":1,"number":n,"at":...,"heads":{chain:[seq,hash]},"public":hex,"next_public":hex,"prev":hash},"signature":hex}``
with ``prev`` = SHA-256 of the ``c`` before. The state file holds the current private key and, while a checkpoint is
being written, the next one: after a crash the last line tells which of the two is in force.
"""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from skrytka.model.clock import Clock
from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.store.events.line import instant_text
from skrytka.store.events.writer import append_synced
from skrytka.store.files import sync_folder

INTERVAL_S = 60.0
FILE_NAME = "checkpoints.jsonl"
Heads = dict[str, tuple[int, str]]  # chain -> (seq, hash) of its last event on disk


class Retired(NamedTuple):
    """The last event of a chain that its retention took, and the day on which it did."""

    seq: int
    hash: str
    day: str


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is signed. A base stands for all checkpoints before it (store.events.retention)."""

    v: int
    number: int
    at: str
    heads: Heads
    public: str
    next_public: str
    prev: str
    is_base: bool = False
    retired: dict[str, Retired] = {}


class SignedLine(msgspec.Struct, frozen=True):
    """A line of the file; ``c`` is kept raw, since its bytes are what was signed."""

    c: msgspec.Raw
    signature: str

    def body(self) -> Body:
        """The parsed body; one of UNREADABLE if it is none."""
        return msgspec.json.decode(self.c, type=Body)

    def raw(self) -> bytes:
        """The line as it was written."""
        return b'{"c":%b,"signature":"%b"}\n' % (bytes(self.c), self.signature.encode())

    def digest(self) -> str:
        """``prev`` of the checkpoint after this one."""
        return hashlib.sha256(self.c).hexdigest()

    def holds(self, body: Body) -> bool:
        """Whether the signature is that of the key the body names."""
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(body.public)).verify(bytes.fromhex(self.signature), self.c)
        except (InvalidSignature, ValueError):
            return False
        return True


class _State(msgspec.Struct, frozen=True):
    number: int  # of the checkpoint that ``current`` signs next
    prev: str
    current: bytes
    pending: bytes = b""


def read_checkpoints(folder: Path) -> list[SignedLine]:
    """All whole lines in order. A line that was torn by a crash is left out: the next one ended it."""
    path = folder / FILE_NAME
    if not path.exists():
        return []
    found = []
    for raw in path.read_bytes().split(b"\n")[:-1]:
        with contextlib.suppress(*UNREADABLE):
            found.append(msgspec.json.decode(raw, type=SignedLine))
    return found


def _number_of(line: SignedLine) -> int:
    """0 of a line that is damaged: `skrytka events verify` reports it, and the server starts."""
    try:
        return line.body().number
    except UNREADABLE:
        return 0


class CheckpointSigner:
    """Lives in the process that holds the keys; one per installation, under its lock."""

    def __init__(self, folder: Path, state_path: Path, clock: Clock, anchor: Path | None = None) -> None:
        self._folder = folder
        self._state_path = state_path
        self._clock = clock
        self._anchor = anchor
        self._state = self._load()

    def _load(self) -> _State:
        if not self._state_path.exists():
            state = _State(1, "", Ed25519PrivateKey.generate().private_bytes_raw())
            self._save(state)
            return state
        try:
            state = msgspec.msgpack.decode(self._state_path.read_bytes(), type=_State)
        except UNREADABLE as exc:
            said = f"{self._state_path} is damaged; take it from the backup, or move it away: checkpoints of the event"
            raise PermanentError(
                Reason.CORRUPT, f"{said} log then begin anew, and `skrytka events verify` goes on reporting that"
            ) from exc
        written = read_checkpoints(self._folder)
        if state.pending and written and _number_of(written[-1]) == state.number:
            return _State(state.number + 1, written[-1].digest(), state.pending)
        return _State(state.number, state.prev, state.current)

    def _save(self, state: _State) -> None:
        temporary = self._state_path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, msgspec.msgpack.encode(state))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(self._state_path)
        sync_folder(self._state_path.parent)

    def sign(self, heads: Heads, retired: dict[str, Retired] | None = None) -> int:
        """Append a checkpoint over ``heads``, synced, also to the anchor; its number. With ``retired`` it is a base.

        OSError if the disk refuses.
        """
        state = self._state
        current = Ed25519PrivateKey.from_private_bytes(state.current)
        following = Ed25519PrivateKey.generate()
        raw_body = msgspec.json.encode(
            Body(
                v=1,
                number=state.number,
                at=instant_text(self._clock.now_ms()),
                heads=heads,
                public=current.public_key().public_bytes_raw().hex(),
                next_public=following.public_key().public_bytes_raw().hex(),
                prev=state.prev,
                is_base=retired is not None,
                retired=retired or {},
            )
        )
        raw_line = SignedLine(msgspec.Raw(raw_body), current.sign(raw_body).hex()).raw()
        self._save(msgspec.structs.replace(state, pending=following.private_bytes_raw()))
        append_synced(self._folder / FILE_NAME, raw_line)
        self._state = _State(state.number + 1, hashlib.sha256(raw_body).hexdigest(), following.private_bytes_raw())
        self._save(self._state)
        if self._anchor is not None:
            append_synced(self._anchor, raw_line)
        return state.number
