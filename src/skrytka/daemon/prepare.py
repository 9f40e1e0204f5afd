"""All that is done before the first child starts, in the order that safety asks for.

Checks that cost nothing come first, then the folder's lock, then what needs root (master key, ports), then root is
dropped, then files are written. Every error says what to do; nothing is half done, for nothing but the lock is written.
"""

import os
import socket
import stat
from pathlib import Path

import msgspec

from skrytka.daemon import config, privileges
from skrytka.daemon.binding import Bound, bind_all, bind_control
from skrytka.daemon.config_files import check_files
from skrytka.daemon.hardening import raise_descriptor_limit, seal_memory
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import FolderLock
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.net import openssl_conf
from skrytka.store.files import StorePaths
from skrytka.store.seal.ring import KeyRing

MASTER_KEY_BYTES = 32
DESCRIPTORS_MIN = 256
CREDENTIALS = "CREDENTIALS_DIRECTORY"
ACCOUNT_PREFIX = "account:"


class RecoveryState(msgspec.Struct, frozen=True):
    """``keys/recovery.json``: the public half, and whether somebody has shown that he holds the other."""

    version: int
    public: str  # hex of 32 bytes
    is_confirmed: bool = False
    confirmed_at_ms: int = 0

    @property
    def public_key(self) -> bytes:
        return bytes.fromhex(self.public)


class Prepared:
    """What the supervisor starts from; :meth:`close` gives all of it back."""

    def __init__(
        self, settings: config.Config, lock: FolderLock, bound: Bound, control: socket.socket, ring: KeyRing
    ) -> None:
        self.config = settings
        self.lock = lock
        self.bound = bound
        self.control = control
        self.ring = ring

    @property
    def layout(self) -> Layout:
        return self.config.layout

    def close(self) -> None:
        self.bound.close()
        self.control.close()
        self.layout.control_socket.unlink(missing_ok=True)
        self.ring.close()
        self.lock.close()


def prepare(path: Path, clock: Clock, random: Random) -> Prepared:
    """From a configuration file to open ports and an open key ring, as the user that the settings name."""
    settings = config.load(path)
    layout = settings.layout
    user = privileges.wanted_user(settings.settings.user)
    if user is not None:
        check_writable(layout, user)
    with privileges.acting_as(user):  # so that root may be one without rights to his files: docs/admin.md
        if user is not None:
            privileges.check_reach(layout.root, user)
            privileges.check_program(user)
        recovery = check_installation(layout, is_demo=settings.settings.is_demo)
        if user is not None:
            privileges.check_owner(layout.writable, user)
        lock = FolderLock.take(layout.lock)
    try:
        seal_memory()
        check_descriptors(raise_descriptor_limit())
        master = read_master_key(layout, master_key_path(layout))
        bound = bind_all(settings.settings)
    except BaseException:
        lock.close()
        raise
    control: socket.socket | None = None
    try:
        if user is not None:
            privileges.become(user)
        check_files(path)  # as the user that will read them
        openssl_conf.write(layout.openssl_conf)
        control = bind_control(layout.control_socket)
        ring = open_ring(layout, master, recovery, clock, random)
        check_store(layout, ring)
    except BaseException:
        if control is not None:
            control.close()
        bound.close()
        lock.close()
        raise
    return Prepared(settings, lock, bound, control, ring)


def check_store(layout: Layout, ring: KeyRing) -> None:
    """A store that is gone is never made anew: people would be unknown, their mail refused for ever."""
    path = StorePaths(layout.store).database
    if path.exists() and path.stat().st_size:
        return
    if accounts := len({entry.subject for entry in ring.entries() if entry.subject.startswith(ACCOUNT_PREFIX)}):
        said = f"{path} is missing or empty, but the key ring has keys of {accounts} accounts"
        raise PermanentError(Reason.BAD_CONFIG, f"{said}: is its disk mounted? If it is lost, take it from the backup")


def check_descriptors(limit: int) -> None:
    """Each connection takes one, and each child some."""
    if limit < DESCRIPTORS_MIN:
        said = f"this process may open {limit} files only; mend: ulimit -n 65536, or LimitNOFILE=65536 in the unit"
        raise PermanentError(Reason.NOT_PERMITTED, said)


def check_writable(layout: Layout, user: privileges.User) -> None:
    """The folders themselves, as root sees them; one that is missing is :func:`check_installation`'s to tell."""
    privileges.check_owner([path for path in layout.writable if path.exists()], user, is_deep=False)


def check_installation(layout: Layout, *, is_demo: bool) -> RecoveryState:
    """Whether the folder was made whole by ``init`` or ``demo`` and its recovery key is in somebody's hands."""
    if layout.incomplete.exists():
        raise PermanentError(Reason.BAD_CONFIG, f"{layout.root} was not made to its end; do it again: skrytka init")
    for path in (*layout.writable, layout.ring):
        if not path.exists():
            said = f"{path} is missing: is its disk mounted? If it is lost, take it from the backup"
            raise PermanentError(Reason.BAD_CONFIG, said)
    recovery = read_recovery(layout)
    if not recovery.is_confirmed and not is_demo:
        raise PermanentError(
            Reason.NOT_PERMITTED,
            "the recovery key is not confirmed: without it a lost master key is lost mail;"
            f" mend: skrytka recovery confirm --dir {layout.root}",
        )
    return recovery


def read_recovery(layout: Layout) -> RecoveryState:
    try:
        state = msgspec.json.decode(layout.recovery.read_bytes(), type=RecoveryState)
        if len(state.public_key) != 32:
            raise ValueError("the public key has another length than 32 bytes")
    except (OSError, msgspec.MsgspecError, ValueError) as exc:
        said = f"{layout.recovery} cannot be used ({exc}); take it from the backup"
        raise PermanentError(Reason.BAD_CONFIG, said) from exc
    return state


def master_key_path(layout: Layout) -> Path:
    """The credential ``master.key`` that systemd gave this process (``LoadCredential=``), else ``keys/master.key``."""
    folder = os.environ.get(CREDENTIALS)
    credential = Path(folder) / layout.master_key.name if folder else None
    return credential if credential is not None and credential.exists() else layout.master_key


def read_master_key(layout: Layout, path: Path | None = None) -> Secret:
    """The key of all keys, by default that of the folder; refused when others can read the file."""
    path = path or layout.master_key
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError as exc:
        said = f"{path} is missing; {restoring(layout)}; if the unit loads it as a credential, {CREDENTIALS}=FOLDER"
        raise PermanentError(Reason.KEY_UNAVAILABLE, f"{said} before the command says where it is") from exc
    except OSError as exc:
        said = f"{path} cannot be opened: {exc.strerror}; start as root or as the owner of that file"
        raise PermanentError(Reason.NOT_PERMITTED, said) from exc
    try:
        facts = os.fstat(fd)
        if stat.S_IMODE(facts.st_mode) & 0o077:
            raise PermanentError(Reason.NOT_PERMITTED, f"{path} is open to others; mend: chmod 600 {path}")
        if facts.st_uid not in (0, os.geteuid()):
            raise PermanentError(Reason.NOT_PERMITTED, f"{path} is neither root's nor ours; mend: chown root {path}")
        key = os.read(fd, MASTER_KEY_BYTES + 1)
    finally:
        os.close(fd)
    if len(key) != MASTER_KEY_BYTES:
        raise PermanentError(Reason.CORRUPT, f"{path} has not {MASTER_KEY_BYTES} bytes; {restoring(layout)}")
    return Secret(key)


def restoring(layout: Layout) -> str:
    """What to do without the right master key."""
    return (
        "take the right one from where you keep a copy, or make a new one with the recovery key:"
        f" skrytka recovery restore --dir {layout.root}"
    )


def open_ring(layout: Layout, master: Secret, recovery: RecoveryState, clock: Clock, random: Random) -> KeyRing:
    """The key ring, or the error with its mend."""
    try:
        return KeyRing(layout.ring, master, recovery.public_key, clock, random)
    except PermanentError as exc:
        if exc.reason is Reason.CORRUPT:
            raise PermanentError(exc.reason, f"{exc.detail}: it is damaged; take it from the backup") from exc
        if exc.reason is not Reason.KEY_UNAVAILABLE:
            raise
        raise PermanentError(exc.reason, f"{exc.detail}; {restoring(layout)}") from exc
