"""Root is for binding ports and opening the master key; then it is dropped where the settings name a user."""

import contextlib
import os
import pwd
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from skrytka.model.errors import PermanentError, Reason


class User(msgspec.Struct, frozen=True):
    """The account the server runs as."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


def find_user(name: str) -> User:
    """The account of that name; PermanentError(BAD_CONFIG) if the machine has none, or if it is root again."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError as exc:
        said = f"user {name!r} of the settings does not exist; create it: adduser --system --group {name}"
        raise PermanentError(Reason.BAD_CONFIG, said) from exc
    if entry.pw_uid == 0:
        raise PermanentError(Reason.BAD_CONFIG, f"user {name!r} is root; leave `user` out or name another")
    return User(name, entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(name, entry.pw_gid)))


def wanted_user(name: str | None) -> User | None:
    """Whom to become: nobody unless we are root and the settings name a user. Another user than ours is an error."""
    if name is None:
        return None
    user = find_user(name)
    if os.geteuid() == user.uid:
        return None
    if os.geteuid() != 0:
        said = f"the settings say user {name!r}, this is uid {os.geteuid()}; start as root or as {name}"
        raise PermanentError(Reason.NOT_PERMITTED, said)
    return user


def check_owner(folders: Sequence[Path], user: User, *, is_deep: bool = True) -> None:
    """What the server writes has to be its user's before it starts; PermanentError(NOT_PERMITTED) with the mend.

    ``is_deep`` also looks at what is in the folders, which takes the rights of the user.
    """
    for folder in folders:
        for path in (folder, *(folder.rglob("*") if is_deep else ())):
            if path.lstat().st_uid != user.uid:
                mend = f"chown -R {user.name}: {' '.join(map(str, folders))}"
                raise PermanentError(Reason.NOT_PERMITTED, f"{path} does not belong to {user.name}; mend: {mend}")


def give(paths: Iterable[Path], user: User) -> None:
    """Hand files and folders that root has just made to the user."""
    for path in paths:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def become(user: User) -> None:
    """Drop root for good; OSError if the kernel refuses."""
    os.setgroups(user.groups)
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)


@contextlib.contextmanager
def acting_as(user: User | None) -> Iterator[None]:
    """Root does what is in the block with the user's rights, so that no link in his folders leads root astray."""
    if user is None:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups(user.groups)
    os.setegid(user.gid)
    os.seteuid(user.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def check_program(user: User, program: str = sys.executable) -> None:
    """PermanentError(NOT_PERMITTED) if the user cannot run the Python that the server and its children are."""
    with acting_as(user if os.geteuid() == 0 else None):
        if not os.access(program, os.X_OK, effective_ids=True):
            said = f"{user.name} cannot run {program}: it, or what it links to, is in a folder closed to him"
            raise PermanentError(Reason.NOT_PERMITTED, f"{said}; install with a Python of the system (docs/admin.md)")


def check_reach(root: Path, user: User) -> None:
    """As the user: PermanentError(NOT_PERMITTED) if a folder above closes the installation to him."""
    if not os.access(root, os.R_OK | os.X_OK, effective_ids=True):
        said = (
            f"{user.name} cannot enter {root}; mend: chgrp {user.gid} {root} {root}/keys {root}/skrytka.toml;"
            f" chmod 750 {root}; chmod 710 {root}/keys; chmod 640 {root}/skrytka.toml;"
            " chmod go+x on the folders above it, or move it to /var/lib"
        )
        raise PermanentError(Reason.NOT_PERMITTED, said)
