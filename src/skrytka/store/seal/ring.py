"""The key ring: the keys of accounts and of the node, in a small file kept and backed up apart from the mail.

Each key is there twice: wrapped by the master key, and sealed to the recovery key's public half. Its only writer is the
key agent; ``create`` returns when the key survives a power loss. A key that is gone makes its mail unreadable for ever:
that is how erasure works, and why a missing file is an error here and never quietly made anew. Rotation of keys and
destruction have their columns (``state``, ``due_at_ms``, table ``replaced``: what a change replaced, for 30 days); here
entries are made, read, proven, and wrapped anew when the master key is lost. Format: docs/formats.md, "Key ring".
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.seal.keys import KEY_BYTES, derive
from skrytka.store.seal.recovery import PUBLIC_BYTES, RecoveryKey, seal_box
from skrytka.store.sqlite_file import SqliteFile, Step, create_file

APPLICATION_ID: Final = 0x534B5201  # "SKR" and the version
FORMAT_VERSION: Final = 1
KEEP_DAYS: Final = 30
NODE_SUBJECTS: Final = ("node:address", "node:pepper", "node:queue")  # what every installation has from its first day
COUNTERS_SUBJECT: Final = "node:counters"  # the supervisor's own: no front is given it
LATER_SUBJECTS: Final = (
    "node:access",
    "node:acme",
    "node:app",
    "node:authority",
    COUNTERS_SUBJECT,
    "node:dkim",
    "node:oauth",
    "node:factors",
    "node:srs",
)  # what is made when it is first asked for: older installations lack it

_DAY_MS: Final = 86_400_000
_SUBJECT: Final = re.compile(r"(account:[1-9][0-9]{0,18}|node:[a-z][a-z0-9_-]{0,63})")
_CHECK: Final = b"skrytka ring"

_SCHEMA: Final = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT_VERSION};
CREATE TABLE ring (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    recovery_public BLOB NOT NULL,
    master_check BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
    subject TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    state TEXT NOT NULL CHECK (state IN ('active', 'pending', 'destroyed')),
    created_at_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    due_at_ms INTEGER,
    wrapped BLOB,
    boxed BLOB,
    PRIMARY KEY (subject, version),
    CHECK ((state = 'destroyed') = (wrapped IS NULL)),
    CHECK ((wrapped IS NULL) = (boxed IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE replaced (
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    replaced_at_ms INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    boxed BLOB NOT NULL,
    PRIMARY KEY (subject, version, replaced_at_ms)
) STRICT, WITHOUT ROWID;
"""


class KeyState(StrEnum):
    """What may be done with a key."""

    ACTIVE = "active"
    PENDING = "pending"  # its destruction is due at due_at_ms and can still be taken back; it opens nothing now
    DESTROYED = "destroyed"  # the row stays as a witness, without the key


class Entry(NamedTuple):
    """One key, without the key."""

    subject: str
    version: int
    state: KeyState
    created_at_ms: int
    changed_at_ms: int
    due_at_ms: int | None


class Recovered(NamedTuple):
    """One key as the recovery key opens it; ``key`` is None when the entry is damaged."""

    subject: str
    version: int
    key: Secret | None


def account_subject(account: AccountId) -> str:
    """The subject of an account's key."""
    return f"account:{account}"


class KeyRing:
    """An open ring; blocking, for one thread at a time, the only writer of its file.

    Errors: PermanentError(KEY_UNAVAILABLE) no such file or key, wrong master key, key pending or destroyed;
    PermanentError(CORRUPT) a damaged file or entry, which is named; TransientError(STORE_BUSY) another process writes;
    TransientError(DISK_FULL, STORE_DOWN) the disk fails: ask again with ``ensure``.
    """

    def __init__(self, path: Path, master: Secret, recovery_public: bytes, clock: Clock, random: Random) -> None:
        self._wrapper = _wrapper(master)
        self._recovery_public = _checked_public(recovery_public)
        self._clock = clock
        self._random = random
        self._db = _open(Path(path))
        try:
            self._check_head()
        except BaseException:
            self._db.close()
            raise

    @classmethod
    def initialise(cls, path: Path, master: Secret, recovery_public: bytes, clock: Clock, random: Random) -> "KeyRing":
        """Make a new ring with the node's own keys; PermanentError(ALREADY_EXISTS) when the file is there."""
        wrapper = _wrapper(master)
        _checked_public(recovery_public)
        create_file(Path(path))
        db = SqliteFile(Path(path))
        now = clock.now_ms()
        head = (recovery_public, _seal(wrapper, random, b"check", _CHECK), now)
        own = [_new_entry(subject, now, wrapper, recovery_public, random)[1] for subject in NODE_SUBJECTS]
        try:
            db.change((_SCHEMA, ()), ("INSERT INTO ring VALUES (1, ?, ?, ?)", head), *own)
        finally:
            db.close()
        return cls(path, master, recovery_public, clock, random)

    def create(self, subject: str) -> Secret:
        """A fresh key, on the disk when this returns; PermanentError(ALREADY_EXISTS), also after its destruction."""
        if _SUBJECT.fullmatch(subject) is None:
            raise PermanentError(Reason.BAD_SYNTAX, f"no subject of the key ring: {subject!r}")
        now = self._clock.now_ms()
        key, step = _new_entry(subject, now, self._wrapper, self._recovery_public, self._random)
        self._db.change(step)
        return key

    def get(self, subject: str) -> Secret:
        """The key in use."""
        sql = "SELECT version, state, wrapped FROM entry WHERE subject = ? ORDER BY version DESC LIMIT 1"
        rows = self._db.rows(sql, (subject,))
        if not rows:
            raise PermanentError(Reason.KEY_UNAVAILABLE, f"the key ring has no entry {subject}")
        version, state, wrapped = rows[0]
        if state != KeyState.ACTIVE:
            raise PermanentError(Reason.KEY_UNAVAILABLE, f"key ring entry {subject} is {state}")
        return _unseal(self._wrapper, subject, version, wrapped)

    def ensure(self, subject: str) -> Secret:
        """The key in use, made now when there is none; never again once it is pending or destroyed."""
        is_there = self._db.rows("SELECT 1 FROM entry WHERE subject = ?", (subject,))
        return self.get(subject) if is_there else self.create(subject)

    def node(self, subject: str) -> Secret:
        """A key of the node itself."""
        return self.ensure(subject) if subject in LATER_SUBJECTS else self.get(subject)

    def entries(self) -> list[Entry]:
        """All entries by subject and version, destroyed ones too."""
        columns = "subject, version, state, created_at_ms, changed_at_ms, due_at_ms"
        rows = self._db.rows(f"SELECT {columns} FROM entry ORDER BY subject, version")  # noqa: S608 - our own words
        return [Entry(subject, version, KeyState(state), *times) for subject, version, state, *times in rows]

    def verify(self) -> list[str]:
        """Open every entry with the master key; what is damaged, in words that name the entry. Empty: all is well."""
        problems = [str(line) for (line,) in self._db.rows("PRAGMA integrity_check") if line != "ok"]
        sql = "SELECT subject, version, wrapped FROM entry WHERE wrapped IS NOT NULL ORDER BY subject, version"
        for subject, version, wrapped in self._db.rows(sql):
            try:
                _unseal(self._wrapper, subject, version, wrapped)
            except PermanentError as exc:
                problems.append(exc.detail)
        return problems

    def expire(self, now_ms: int) -> None:
        """Forget what was replaced more than 30 days before ``now_ms``, which no wrong clock must have given."""
        before = now_ms - KEEP_DAYS * _DAY_MS
        self._db.change(("DELETE FROM replaced WHERE replaced_at_ms < ?", (before,)))

    def close(self) -> None:
        """Let go of the file; the keys that were given stay valid."""
        self._db.close()

    def _check_head(self) -> None:
        rows = self._db.rows("SELECT recovery_public, master_check FROM ring")
        if not rows:
            raise PermanentError(Reason.CORRUPT, f"{self._db.path} has no head")
        recovery_public, check = rows[0]
        try:
            self._wrapper.decrypt(check[:12], check[12:], b"check")
        except (InvalidTag, ValueError):
            said = f"this master key does not open the key ring {self._db.path}"
            raise PermanentError(Reason.KEY_UNAVAILABLE, said) from None
        if recovery_public != self._recovery_public:
            raise PermanentError(Reason.KEY_UNAVAILABLE, "the key ring is sealed to another recovery key")


def recover(path: Path, recovery: RecoveryKey) -> list[Recovered]:
    """Every key of a ring (or of a copy of it) by the recovery key alone; proves that the recovery key opens it.

    PermanentError(KEY_UNAVAILABLE) when the ring belongs to another recovery key.
    """
    _check_recovery(path, recovery)
    db = _open(Path(path), is_readonly=True)
    try:
        rows = db.rows("SELECT subject, version, boxed FROM entry WHERE boxed IS NOT NULL ORDER BY subject, version")
    finally:
        db.close()
    return [_recovered(recovery, *row) for row in rows]


def rewrap(path: Path, recovery: RecoveryKey, master: Secret, random: Random) -> list[str]:
    """Wrap every key with a new master key, out of its sealed box: all of them in one transaction, or none.

    Returns the entries whose box does not open, in words; they stay as they were. For a caller that holds the folder's
    lock. Errors: those of :func:`recover`.
    """
    wrapper = _wrapper(master)
    _check_recovery(path, recovery)
    db = _open(Path(path))
    try:
        steps: list[Step] = [("UPDATE ring SET master_check = ?", (_seal(wrapper, random, b"check", _CHECK),))]
        damaged: list[str] = []
        for table in ("entry", "replaced"):
            sql = f"SELECT subject, version, boxed FROM {table} WHERE boxed IS NOT NULL"  # noqa: S608 - our own words
            for subject, version, boxed in db.rows(sql):
                key = _recovered(recovery, subject, version, boxed).key
                if key is None:
                    damaged.append(f"key ring entry {subject} version {version}")
                    continue
                wrapped = _seal(wrapper, random, _entry_aad(subject, version), key.reveal())
                update = f"UPDATE {table} SET wrapped = ? WHERE subject = ? AND version = ? AND boxed = ?"  # noqa: S608
                steps.append((update, (wrapped, subject, version, boxed)))
        db.change(*steps)
    finally:
        db.close()
    return damaged


def _check_recovery(path: Path, recovery: RecoveryKey) -> None:
    db = _open(Path(path), is_readonly=True)
    try:
        head = db.rows("SELECT recovery_public FROM ring")
    finally:
        db.close()
    if head != [(recovery.public,)]:
        raise PermanentError(Reason.KEY_UNAVAILABLE, "the key ring is sealed to another recovery key")


def _recovered(recovery: RecoveryKey, subject: str, version: int, boxed: bytes) -> Recovered:
    try:
        return Recovered(subject, version, recovery.open_box(_entry_aad(subject, version), boxed))
    except PermanentError:
        return Recovered(subject, version, None)


def _open(path: Path, *, is_readonly: bool = False) -> SqliteFile:
    if not path.exists():
        raise PermanentError(Reason.KEY_UNAVAILABLE, f"there is no key ring at {path}")
    db = SqliteFile(path, is_readonly=is_readonly)
    try:
        [(application_id,)], [(version,)] = db.rows("PRAGMA application_id"), db.rows("PRAGMA user_version")
        if application_id != APPLICATION_ID:
            raise PermanentError(Reason.CORRUPT, f"{path} is no key ring")
        if version != FORMAT_VERSION:
            raise PermanentError(Reason.UNSUPPORTED, f"{path} has version {version} of the key ring's format")
    except BaseException:
        db.close()
        raise
    return db


def _checked_public(public: bytes) -> bytes:
    if len(public) != PUBLIC_BYTES:
        raise PermanentError(Reason.BAD_CONFIG, f"the public recovery key has {len(public)} bytes, not {PUBLIC_BYTES}")
    return public


def _wrapper(master: Secret) -> AESGCM:
    if len(master) != KEY_BYTES:
        raise PermanentError(Reason.KEY_UNAVAILABLE, f"a master key has {KEY_BYTES} bytes, this one {len(master)}")
    return AESGCM(derive(master, "ring/wrap"))


def _entry_aad(subject: str, version: int) -> bytes:
    return b"skrytka/1/ring\x00" + subject.encode("ascii") + b"\x00" + version.to_bytes(4, "big")


def _new_entry(subject: str, now_ms: int, wrapper: AESGCM, public: bytes, random: Random) -> tuple[Secret, Step]:
    """A fresh key and the statement that stores it, wrapped and sealed."""
    key, aad = Secret(random.token(KEY_BYTES)), _entry_aad(subject, 1)
    wrapped, boxed = _seal(wrapper, random, aad, key.reveal()), seal_box(public, aad, key, random)
    insert = "INSERT INTO entry VALUES (?, 1, 'active', ?, ?, NULL, ?, ?)"
    return key, (insert, (subject, now_ms, now_ms, wrapped, boxed))


def _seal(wrapper: AESGCM, random: Random, aad: bytes, plain: bytes) -> bytes:
    nonce = random.token(12)
    return nonce + wrapper.encrypt(nonce, plain, aad)


def _unseal(wrapper: AESGCM, subject: str, version: int, wrapped: bytes) -> Secret:
    try:
        return Secret(wrapper.decrypt(wrapped[:12], wrapped[12:], _entry_aad(subject, version)))
    except (InvalidTag, ValueError):
        raise PermanentError(Reason.CORRUPT, f"key ring entry {subject} version {version} does not open") from None
