"""Passwords: argon2id over a keyed pepper, in a bounded pool of threads (argon2 releases the GIL).

A stored credential is ``1$`` + the PHC string of argon2id over HMAC-SHA256(pepper, account, password): a stolen
directory without the key ring can not be guessed against, and a hash moved to another account's row opens nothing
there. The password is prepared after RFC 8265 4.2 (OpaqueString) as far as it does not refuse what people type: NFC,
other spaces become SPACE. It is never cut or trimmed.
"""

import asyncio
import base64
import hashlib
import hmac
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

import msgspec
from argon2 import low_level
from argon2.exceptions import VerificationError

from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret

T = TypeVar("T")

THREADS: Final = 3  # one is never a stranger's (attacks.watching): whoever is at home does not wait for an attack
PEPPER_SUBJECT: Final = "node:pepper"
PASSWORD_MAX_BYTES: Final = 1024  # longer input is an attack on the preparation, not a password
_SCHEME: Final = "1$"  # 1: HMAC-SHA256 with the pepper, then argon2id
NOBODY: Final = AccountId(0)  # whose password is tried where there is no account
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


class Cost(msgspec.Struct, frozen=True):
    """Parameters of argon2id; a stored hash with others is renewed at the next login."""

    passes: int = 2
    memory_kib: int = 19456
    lanes: int = 1

    @property
    def text(self) -> str:
        """As it stands in a PHC string."""
        return f"$argon2id$v=19$m={self.memory_kib},t={self.passes},p={self.lanes}$"


class Check(msgspec.Struct, frozen=True):
    """What came of one try."""

    is_right: bool
    is_outdated: bool = False  # right, but hashed with other parameters than today's


class Passwords:
    """Hashes and checks. One per process; :meth:`close` ends its threads."""

    def __init__(
        self,
        pepper: Secret,
        random: Random,
        *,
        cost: Cost | None = None,
        threads: int = THREADS,
        waiting_max: int = 200,
    ) -> None:
        self._pepper = pepper
        self._random = random
        self._cost = cost or Cost()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0
        self._waiting_max = waiting_max
        # Nobody knows a password of this hash; checking it costs what checking a real one costs.
        salt, digest = random.token(_SALT_BYTES), random.token(_HASH_BYTES)
        self._nobody = f"{_SCHEME}{self._cost.text}{_b64(salt)}${_b64(digest)}"

    async def hash(self, account: AccountId, password: Secret) -> str:
        """A credential to store in this account's row; PermanentError(BAD_SYNTAX) for one that is empty or too long."""
        prepared = prepare(password)
        if prepared is None:
            raise PermanentError(Reason.BAD_SYNTAX, f"a password has 1 to {PASSWORD_MAX_BYTES} octets")
        return await self._run(partial(self._hash, self._peppered(account, prepared), self._random.token(_SALT_BYTES)))

    async def verify(self, account: AccountId, password: Secret, stored: str | None) -> Check:
        """Whether it is right; None for ``stored`` costs the same time and is wrong.

        TransientError(RATE_LIMITED) when too many wait already: the machine is busy, not the password wrong.
        """
        prepared = prepare(password)
        known = stored if stored is not None and stored.startswith(_SCHEME) else self._nobody
        is_right = await self._run(partial(self._verify, self._peppered(account, prepared or b""), known))
        is_right = is_right and prepared is not None and known is stored
        return Check(is_right, is_right and not known.startswith(_SCHEME + self._cost.text))

    async def introduce(self, address: Address, password: Secret) -> bool:
        """Whether somebody without an account had one made just now, known elsewhere by this password. Here: nobody."""
        return False

    def keep_s(self, stored: str) -> float | None:
        """How long one that was right is remembered, if it can change where nobody tells us; None: as others."""
        return None

    def close(self) -> None:
        """End the threads; tries under way are given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._waiting_max:
            raise TransientError(Reason.RATE_LIMITED, "too many passwords wait to be hashed")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def _peppered(self, account: AccountId, prepared: bytes) -> bytes:
        return hmac.digest(self._pepper.reveal(), account.to_bytes(8, "big") + prepared, hashlib.sha256)

    def _hash(self, peppered: bytes, salt: bytes) -> str:
        cost = self._cost
        encoded = low_level.hash_secret(
            peppered, salt, cost.passes, cost.memory_kib, cost.lanes, _HASH_BYTES, low_level.Type.ID
        )
        return _SCHEME + encoded.decode("ascii")

    def _verify(self, peppered: bytes, stored: str) -> bool:
        encoded = stored.removeprefix(_SCHEME).encode("ascii")
        try:
            return low_level.verify_secret(encoded, peppered, low_level.Type.ID)
        except VerificationError:
            return False


class RecentLogins:
    """Passwords that were right a short while ago, known only by a keyed hash: IMAP clients log in often.

    The stored credential is part of the key, so a changed password, in whatever process, ends what was remembered.
    """

    def __init__(self, clock: Clock, random: Random, *, keep_s: float = 300.0, entries_max: int = 10_000) -> None:
        self._clock = clock
        self._key = Secret(random.token(32))
        self._keep_s = keep_s
        self._entries_max = entries_max
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._only: dict[AccountId, bytes] = {}  # the one that was right last, of those kept for a time of their own

    def add(self, account: AccountId, stored: str, password: Secret, keep_s: float | None = None) -> None:
        """Remember that this password was right, and (``keep_s``) no other one of the account: it was changed."""
        mac = self._mac(account, stored, password)
        if keep_s is not None:
            self._forget_others(account, mac)
        self._until[mac] = self._clock.monotonic_s() + (self._keep_s if keep_s is None else keep_s)
        if len(self._until) > self._entries_max:
            self._until.popitem(last=False)

    def _forget_others(self, account: AccountId, mac: bytes) -> None:
        if (before := self._only.get(account)) is not None and before != mac:
            self._until.pop(before, None)
        if len(self._only) >= self._entries_max:
            self._only.clear()
        self._only[account] = mac

    def has(self, account: AccountId, stored: str, password: Secret) -> bool:
        """Whether it was right within the last minutes."""
        mac = self._mac(account, stored, password)
        until = self._until.get(mac)
        if until is None:
            return False
        if until <= self._clock.monotonic_s():
            del self._until[mac]
            return False
        return True

    def _mac(self, account: AccountId, stored: str, password: Secret) -> bytes:
        text = f"{account}:{stored}:".encode() + password.reveal()
        return hmac.digest(self._key.reveal(), text, hashlib.sha256)


def prepare(password: Secret) -> bytes | None:
    """The octets that are hashed; None for a password that nobody can have."""
    raw = password.reveal()
    if not 1 <= len(raw) <= PASSWORD_MAX_BYTES or b"\0" in raw:  # RFC 4616 2: NUL separates, so it is in no password
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw  # Latin-1 from an old client: still a string of octets
    spaces = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)  # RFC 8265 4.2.2
    return unicodedata.normalize("NFC", spaces).encode()


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode("ascii")
