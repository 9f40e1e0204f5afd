"""App passwords: 160 random bit for one mail program, shown once, kept as a keyed hash (design section 7).

No argon2: nobody can guess one, so an HMAC under a key of the ring is enough, and one look into an index finds it
among hundreds. For SCRAM there are a StoredKey and a ServerKey each, sealed, all of an account's under one salt, which
follows from its name: a name that nobody has gets its salt in the same way, today and tomorrow. Formats:
docs/formats.md, "App password".
"""

import hmac
import re
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skrytka.mail.identity.types import Peer, right_of
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.net.facts import Networks, normalise
from skrytka.protocol.sasl.scram import ScramKeys
from skrytka.store.api import Store
from skrytka.store.known import KnownOfDirectory
from skrytka.store.rows import AppPasswordRow
from skrytka.store.seal.keys import MAC_BYTES, derive
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import app_passwords as sql

APP_SUBJECT: Final = "node:app"
SECRET_BYTES: Final = 20  # 160 bit
SALT_BYTES: Final = 16
KNOWN_MAX: Final = 10_000
SLICE: Final = 64  # keys of SCRAM that are read and opened at once: half a millisecond
_GROUP: Final = 4
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648 6: neither 0 nor 1 nor 8, which look like others
_SHAPE: Final = re.compile(rb"[a-z2-7]{32}")
_VERSION: Final = b"\x01"
_NONCE: Final = 12
RecordT = TypeVar("RecordT", "AppRecord", "AppUse")


class AppRecord(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of an app password; new fields come last and with a default."""

    keys: ScramKeys
    name: str
    services: tuple[str, ...] = ()  # rights: imap, smtp...; empty: all of mail programs
    networks: tuple[str, ...] = ()  # empty: from everywhere


class AppUse(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of its last use."""

    remote: str
    service: str


_LABELS: Final[dict[type[object], bytes]] = {AppRecord: b"app ", AppUse: b"use "}


class AppPassword(msgspec.Struct, frozen=True):
    """One, as a login needs it."""

    account: AccountId
    number: int
    mac: bytes
    record: AppRecord
    expires_at_ms: int = 0

    def refusal(self, facts: Peer, now_ms: int) -> Reason | None:
        """Why it opens nothing there and now."""
        if self.expires_at_ms and now_ms >= self.expires_at_ms:
            return Reason.EXPIRED
        record = self.record
        if record.services and right_of(facts.service) not in record.services:
            return Reason.NOT_PERMITTED
        if record.networks and normalise(facts.remote) not in _networks(record.networks):
            return Reason.NETWORK_NOT_ALLOWED
        return None


class AppKeys:
    """What turns a secret into what is kept of it."""

    def __init__(self, key: Secret) -> None:
        self._mac = derive(key, "app/mac")
        self._name = derive(key, "app/name")
        self._salt = derive(key, "app/salt")
        self._seal = AESGCM(derive(key, "app/seal"))

    def mac(self, account: AccountId, secret: str) -> bytes:
        """By which it is found, among those of one account."""
        return _hmac(self._mac, account.to_bytes(8, "big") + secret.encode())[:MAC_BYTES]

    def name_mac(self, account: AccountId, name: str) -> bytes:
        """By which it is known that an account has two of one name."""
        return _hmac(self._name, account.to_bytes(8, "big") + name.encode())[:MAC_BYTES]

    def salt(self, name: str) -> bytes:
        """Of an account's ``Address.key``, or of anything else."""
        return _hmac(self._salt, name.encode("utf-8", "replace"))[:SALT_BYTES]

    def seal(self, account: AccountId, mac: bytes, record: AppRecord | AppUse, random: Random) -> bytes:
        nonce = random.token(_NONCE)
        return (
            _VERSION
            + nonce
            + self._seal.encrypt(nonce, msgspec.msgpack.encode(record), _VERSION + _data(account, mac, type(record)))
        )

    def open(self, row: AppPasswordRow) -> AppPassword:
        """PermanentError(CORRUPT) for what was not sealed for this account and secret."""
        record = self._open(row, row.record, AppRecord)
        return AppPassword(row.account, row.number, row.mac, record, row.expires_at_ms)

    def open_use(self, row: AppPasswordRow) -> AppUse | None:
        """Likewise; None: it was not used yet."""
        return None if row.used is None else self._open(row, row.used, AppUse)

    def _open(self, row: AppPasswordRow, sealed: bytes, kind: type[RecordT]) -> RecordT:
        try:
            version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
            plain = self._seal.decrypt(nonce, rest, version + _data(row.account, row.mac, kind))
            return msgspec.msgpack.decode(plain, type=kind)
        except (InvalidTag, *UNREADABLE, ValueError) as exc:
            raise PermanentError(Reason.CORRUPT, f"app password {row.number}") from exc


class AppPasswords:
    """Those of all accounts, as one process sees them: what it has found it knows until the directory changes."""

    def __init__(self, store: Store, source: KeySource, clock: Clock, random: Random) -> None:
        self._store = store
        self._source = source
        self._clock = clock
        self._random = random
        self._keys: AppKeys | None = None
        self._known = KnownOfDirectory[tuple[AccountId, bytes], AppPassword](store, KNOWN_MAX)

    async def keys(self) -> AppKeys:
        """Fetched when somebody first needs them: an installation without app passwords never does."""
        if self._keys is None:
            self._keys = AppKeys(await self._source.node(APP_SUBJECT))
        return self._keys

    async def find(self, account: AccountId, password: Secret) -> AppPassword | None:
        """Which of the account's it is; dashes, spaces and case do not matter. None: nothing that has been one."""
        secret = canonical(password)
        if secret is None:
            return None
        return await self.by_mac(account, (await self.keys()).mac(account, secret))

    async def by_mac(self, account: AccountId, mac: bytes) -> AppPassword | None:
        """One look into an index, or into memory."""
        if (known := self._known.get((account, mac))) is not None:
            return known
        changes = self._known.changes
        keys, row = await self.keys(), await self._store.read(sql.by_mac(account, mac))
        if row is None:
            return None
        found = keys.open(row)
        self._known.keep((account, mac), found, changes)
        return found

    async def slices(self, account: AccountId) -> AsyncIterator[list[AppPassword]]:
        """All of the account's, some at a time: between two slices others get their turn."""
        keys, number = await self.keys(), 0
        while rows := await self._store.read(sql.after(account, number, SLICE)):
            yield [keys.open(row) for row in rows]
            number = rows[-1].number


def new_secret(random: Random) -> str:
    """32 letters and digits: 160 bit."""
    value = int.from_bytes(random.token(SECRET_BYTES), "big")
    return "".join(_LETTERS[value >> shift & 31] for shift in range(SECRET_BYTES * 8 - 5, -1, -5))


def shown(secret: str) -> str:
    """As a person reads it, and as SCRAM wants it: in groups of four."""
    return "-".join(secret[start : start + _GROUP] for start in range(0, len(secret), _GROUP))


def canonical(password: Secret) -> str | None:
    """The letters and digits of what was typed; None for what cannot be an app password."""
    raw = password.reveal()
    if not 32 <= len(raw) <= 80:  # most passwords, at no cost
        return None
    bare = raw.translate(None, b"- \t").lower()
    return bare.decode("ascii") if _SHAPE.fullmatch(bare) else None


@lru_cache(maxsize=1024)
def _networks(networks: tuple[str, ...]) -> Networks:
    return Networks(networks)


def _data(account: AccountId, mac: bytes, kind: type[object]) -> bytes:
    """What a record is bound to: the row it stands in, and what it is."""
    return _LABELS[kind] + account.to_bytes(8, "big") + mac


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
