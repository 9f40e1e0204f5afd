"""Makes the folder of a new installation: folders and keys with their modes, key ring, certificates, settings.

It carries the mark ``incomplete`` from :func:`create` to :func:`finish`: what was cut short between them starts no
server, and is made anew by the next :func:`create`.
"""

import os
import shutil
from pathlib import Path

import msgspec

from skrytka.daemon import privileges
from skrytka.daemon.config_text import Choices, render
from skrytka.daemon.files import write_private
from skrytka.daemon.layout import Layout
from skrytka.daemon.prepare import MASTER_KEY_BYTES, RecoveryState, read_master_key, read_recovery
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.net.authority import issue
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import KeyRing

CERTIFICATE = "keys/tls/server.pem"
CERTIFICATE_KEY = "keys/tls/server.key"
AUTHORITY = "keys/tls/ca.pem"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of installation."""

    hostname: str
    certificate_names: tuple[str, ...]
    authority_name: str
    ports: dict[str, int]
    addresses: tuple[str, ...]
    user: str | None = None
    is_demo: bool = False
    zone_file: str | None = None
    exempt_networks: tuple[str, ...] = ()


def create(layout: Layout, wanted: Wanted, clock: Clock, random: Random) -> RecoveryKey:
    """Everything but accounts. The recovery key is returned once and kept nowhere; :func:`finish` ends the work.

    PermanentError(ALREADY_EXISTS) when the folder has an installation or other files.
    """
    check_is_free(layout)
    _clear(layout)
    user = privileges.find_user(wanted.user) if wanted.user is not None else None
    _make_folders(layout)
    recovery = RecoveryKey.generate(random)
    master = Secret(random.token(MASTER_KEY_BYTES))
    write_private(layout.master_key, master.reveal())
    write_recovery(layout, RecoveryState(1, recovery.public.hex()))
    KeyRing.initialise(layout.ring, master, recovery.public, clock, random).close()
    write_certificate(layout, wanted.authority_name, wanted.certificate_names, clock)
    text = render(
        Choices(
            hostname=wanted.hostname,
            ports=wanted.ports,
            addresses=wanted.addresses,
            certificate=CERTIFICATE,
            key=CERTIFICATE_KEY,
            user=wanted.user,
            is_demo=wanted.is_demo,
            zone_file=wanted.zone_file,
            exempt_networks=wanted.exempt_networks,
        )
    )
    write_private(layout.config, text.encode())
    if user is not None:
        _hand_over(layout, user)
    return recovery


def check_is_free(layout: Layout) -> None:
    """An installation is never overwritten."""
    if layout.incomplete.exists():
        return
    if layout.config.exists():
        said = f"{layout.root} is an installation already; choose another folder with --dir"
        raise PermanentError(Reason.ALREADY_EXISTS, said)
    if layout.root.exists() and any(layout.root.iterdir()):
        said = f"{layout.root} is not empty and no installation; choose another folder with --dir, or empty it"
        raise PermanentError(Reason.ALREADY_EXISTS, said)


def finish(layout: Layout) -> None:
    """The installation is whole."""
    layout.incomplete.unlink()


def confirm_recovery(layout: Layout, typed: Secret, clock: Clock) -> None:
    """Somebody shows that he holds the recovery key; PermanentError(BAD_SYNTAX, NOT_PERMITTED) if he does not."""
    state = read_recovery(layout)
    key = RecoveryKey.parse(typed.reveal().decode("utf-8", "replace"))
    if key.public != state.public_key:
        raise PermanentError(Reason.NOT_PERMITTED, "this is a recovery key, but of another installation")
    write_recovery(layout, RecoveryState(1, state.public, is_confirmed=True, confirmed_at_ms=clock.now_ms()))


def write_recovery(layout: Layout, state: RecoveryState) -> None:
    write_private(layout.recovery, msgspec.json.encode(state) + b"\n", mode=0o644)


def write_certificate(layout: Layout, authority_name: str, names: tuple[str, ...], clock: Clock) -> None:
    """A fresh authority and certificate in ``keys/tls``."""
    issued = issue(authority_name, names, clock)
    write_private(layout.root / AUTHORITY, issued.authority, mode=0o644)
    write_private(layout.root / CERTIFICATE_KEY, issued.key)
    write_private(layout.root / CERTIFICATE, issued.certificate, mode=0o644)


def _clear(layout: Layout) -> None:
    """Take away what an earlier try left: our own names only."""
    if not layout.incomplete.exists():
        return
    for folder in (layout.keys, *layout.writable):
        shutil.rmtree(folder, ignore_errors=True)
    for path in (layout.config, layout.demo_json, layout.zone):
        path.unlink(missing_ok=True)


def _make_folders(layout: Layout) -> None:
    """PermanentError(NOT_PERMITTED) with the mend where there can be no such folder; a disk that fails is OSError."""
    try:
        layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        layout.incomplete.touch(mode=0o600)
    except (PermissionError, FileNotFoundError, NotADirectoryError, FileExistsError) as exc:
        said = f"{layout.root} cannot be made ({exc.strerror}: {exc.filename}); choose a folder of yours with --dir"
        raise PermanentError(Reason.NOT_PERMITTED, said) from exc
    for folder in (layout.keys, layout.tls, *layout.writable):
        folder.mkdir(mode=0o700)


def _hand_over(layout: Layout, user: privileges.User) -> None:
    """What the server writes and its certificates are its user's; settings and master key stay root's."""
    everything: list[Path] = []
    for folder in (*layout.writable, layout.tls):
        everything += [folder, *folder.rglob("*")]
    privileges.give(everything, user)
    for path, mode in ((layout.root, 0o750), (layout.keys, 0o710), (layout.config, 0o640)):
        os.chown(path, 0, user.gid)
        path.chmod(mode)
    read_master_key(layout)  # still root's, still closed
