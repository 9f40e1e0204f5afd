"""What a holder of the recovery key can do: prove that it opens the key ring, and make a new master key.

``restore`` writes in an order that leaves a usable folder at every moment, since the sealed boxes, which the recovery
key opens, are never touched:

1. ``keys/master.key.new``: the fresh key, on the disk;
2. the key ring: every key wrapped by it, in one transaction. Cut short before its commit, nothing has changed;
3. the ring is opened with the fresh key, and every key compared with what the sealed boxes gave;
4. ``keys/recovery.json``; a master key that was there and does not open the ring becomes ``master.key.wrong``; then
   ``master.key.new`` becomes ``master.key``. Cut short between 2 and here, the ring waits for ``master.key.new`` and
   the same command, given again, ends the work (with yet another key).
"""

import asyncio
import hmac
import os
from contextlib import closing
from pathlib import Path

import msgspec

from skrytka.daemon import config, privileges
from skrytka.daemon.files import write_private
from skrytka.daemon.installation import write_recovery
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import FolderLock
from skrytka.daemon.offline import actor, record
from skrytka.daemon.prepare import MASTER_KEY_BYTES, RecoveryState, read_master_key, read_recovery
from skrytka.daemon.privileges import User
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MasterKeyRestored
from skrytka.model.secret import Secret
from skrytka.store.files import sync_folder
from skrytka.store.seal import ring
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import KeyRing, Recovered
from skrytka.store.system import SystemClock, SystemRandom


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the recovery key opens."""

    keys: int
    damaged: tuple[str, ...]  # entries that it does not open


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """The ring under its new master key."""

    keys: int
    damaged: tuple[str, ...]
    is_new: bool = True  # False: the master key is right, only keys/recovery.json was not
    wrong_key: str | None = None  # where the one is that was there


def check(layout: Layout, typed: Secret) -> Checked:
    """Open every key by the recovery key alone; changes nothing. PermanentError(NOT_PERMITTED) for another key."""
    with privileges.acting_as(_user(layout)):
        found = _recover(layout, parse(typed))
    return Checked(keys=len(found), damaged=_damaged(found))


def restore(layout: Layout, typed: Secret, *, is_damage_accepted: bool = False) -> Restored:
    """A new master key in place of one that is lost or does not open the ring.

    What is lost of ``keys/recovery.json`` is written anew too. PermanentError(NOT_PERMITTED): the master key is right,
    the recovery key is another installation's, or we may not write; (CORRUPT): entries are damaged, unless that is
    accepted. TransientError(STORE_BUSY): the server runs.
    """
    clock, random = SystemClock(), SystemRandom()
    key, user = parse(typed), _user(layout)
    with privileges.acting_as(user):
        lock = FolderLock.take(layout.lock)
    try:
        restored = _restore(layout, key, user, clock, random, is_damage_accepted=is_damage_accepted)
        with privileges.acting_as(user):
            event = MasterKeyRestored(actor=actor(), keys=restored.keys, damaged=restored.damaged)
            asyncio.run(record(layout, event, clock, random, config.load(layout.config).settings))
    finally:
        lock.close()
    return restored


def parse(typed: Secret) -> RecoveryKey:
    """PermanentError(BAD_SYNTAX) names the group that is mistyped."""
    return RecoveryKey.parse(typed.reveal().decode("utf-8", "replace"))


def _restore(
    layout: Layout, key: RecoveryKey, user: User | None, clock: Clock, random: Random, *, is_damage_accepted: bool
) -> Restored:
    with privileges.acting_as(user):
        found = _recover(layout, key)
    if (damaged := _damaged(found)) and not is_damage_accepted:
        said = f"{', '.join(damaged)}: damaged; take ring/ring.sqlite from a backup, or give the others up for lost"
        raise PermanentError(Reason.CORRUPT, f"{said}: --accept-damage")
    _prepare_keys_folder(layout, user)
    state = RecoveryState(1, key.public.hex(), is_confirmed=True, confirmed_at_ms=clock.now_ms())
    if is_master_right(layout, key.public, clock, random):
        if _is_state_right(layout, key.public):
            raise PermanentError(Reason.NOT_PERMITTED, f"{layout.master_key} opens the key ring: nothing is to be done")
        write_recovery(layout, state)
        return Restored(keys=len(found) - len(damaged), damaged=damaged, is_new=False)
    fresh = layout.master_key.with_name("master.key.new")
    master = Secret(random.token(MASTER_KEY_BYTES))
    write_private(fresh, master.reveal())
    with privileges.acting_as(user):
        ring.rewrap(layout.ring, key, master, random)
        _prove(layout, master, key.public, found, clock, random)
    write_recovery(layout, state)
    wrong = _put_in_place(layout, fresh)
    return Restored(keys=len(found) - len(damaged), damaged=damaged, wrong_key=None if wrong is None else str(wrong))


def is_master_right(layout: Layout, public: bytes, clock: Clock, random: Random) -> bool:
    """Whether the master key of the folder opens its ring, whose recovery key is known to be right."""
    try:
        master = read_master_key(layout)
        KeyRing(layout.ring, master, public, clock, random).close()
    except PermanentError as exc:
        if exc.reason in (Reason.KEY_UNAVAILABLE, Reason.CORRUPT):  # missing, another one, or not 32 bytes
            return False
        raise
    return True


def _is_state_right(layout: Layout, public: bytes) -> bool:
    try:
        return read_recovery(layout).public_key == public
    except PermanentError:
        return False


def _recover(layout: Layout, key: RecoveryKey) -> list[Recovered]:
    if not layout.ring.exists():
        said = f"{layout.ring} is missing: take it from the backup; no recovery key can stand in for it"
        raise PermanentError(Reason.BAD_CONFIG, said)
    try:
        return ring.recover(layout.ring, key)
    except PermanentError as exc:
        if exc.reason is Reason.KEY_UNAVAILABLE:
            said = "this is a recovery key, but of another installation"
            raise PermanentError(Reason.NOT_PERMITTED, said) from exc
        raise


def _damaged(found: list[Recovered]) -> tuple[str, ...]:
    return tuple(f"key ring entry {one.subject} version {one.version}" for one in found if one.key is None)


def _prepare_keys_folder(layout: Layout, user: User | None) -> None:
    """The whole folder may be lost with the key. NOT_PERMITTED before anything is written."""
    if not layout.keys.exists():
        layout.keys.mkdir(mode=0o700)
        if user is not None:
            os.chown(layout.keys, 0, user.gid)
            layout.keys.chmod(0o710)
    if not os.access(layout.keys, os.W_OK | os.X_OK):
        raise PermanentError(Reason.NOT_PERMITTED, f"{layout.keys} may not be written; start as root or as its owner")


def _prove(layout: Layout, master: Secret, public: bytes, found: list[Recovered], clock: Clock, random: Random) -> None:
    """The new master key gives what the sealed boxes gave, read from the file again."""
    with closing(KeyRing(layout.ring, master, public, clock, random)) as opened:
        latest = {one.subject: one for one in found if one.key is not None}  # they come by version, the newest last
        for entry in opened.entries():
            one = latest.get(entry.subject)
            if entry.state != ring.KeyState.ACTIVE or one is None or one.key is None or one.version != entry.version:
                continue
            if not hmac.compare_digest(opened.get(entry.subject).reveal(), one.key.reveal()):
                raise PermanentError(Reason.CORRUPT, f"{entry.subject} opens to another key than its sealed box")


def _put_in_place(layout: Layout, fresh: Path) -> Path | None:
    """Where the one that was there is kept: it may be the right one of another installation."""
    wrong = None
    if layout.master_key.is_symlink() or layout.master_key.exists():
        wrong = layout.master_key.with_name("master.key.wrong")
        layout.master_key.replace(wrong)
    fresh.replace(layout.master_key)
    sync_folder(layout.keys)
    return wrong


def _user(layout: Layout) -> User | None:
    return privileges.wanted_user(config.load(layout.config).settings.user)
