"""The certificate that this machine shows to a remote server: one file with its key, which nobody else may read.

The key is made here and never leaves the file. While the certificate holds the next one is asked for by it, with
another key, as soon as half of its time is over.
"""

import datetime as dt
import os
import stat
from pathlib import Path
from typing import Any, Self

import msgspec
from cryptography import x509

from skrytka.daemon.files import write_private
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.net.authority import BACKDATED
from skrytka.net.https import Url
from skrytka.net.machines import new_request


class OwnCertificate(msgspec.Struct, frozen=True):
    """What is in the file."""

    path: Path
    begins_at_s: float
    ends_at_s: float

    @classmethod
    def load(cls, path: Path, clock: Clock) -> Self | None:
        """None: there is none, or its time is over. PermanentError(BAD_CONFIG): others may read it, or it is none."""
        try:
            mode, pem = path.stat().st_mode, path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise PermanentError(Reason.BAD_CONFIG, f"{path}: {exc.strerror}") from exc
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise PermanentError(Reason.BAD_CONFIG, f"{path}: others may read it; chmod 600 {path}")
        try:
            found = x509.load_pem_x509_certificate(pem)
        except ValueError as exc:
            raise PermanentError(Reason.BAD_CONFIG, f"{path}: there is no certificate in it") from exc
        ends_at_s = found.not_valid_after_utc.timestamp()
        if clock.now_ms() / 1000 >= ends_at_s:
            return None
        return cls(path, found.not_valid_before_utc.timestamp(), ends_at_s)

    def is_due(self, clock: Clock) -> bool:
        """Whether it is time for the next one."""
        given_at_s = self.begins_at_s + BACKDATED.total_seconds()
        return clock.now_ms() / 1000 >= (given_at_s + self.ends_at_s) / 2


def default_file(url: Url) -> Path:
    """Where the certificate for that server is kept."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "skrytka" / f"{url.host.replace(':', '.')}-{url.port}.pem"


class Request(msgspec.Struct, frozen=True):
    """A key that was made for it, and what is sent."""

    key: Secret
    pem: str

    @classmethod
    def new(cls) -> Self:
        return cls(*new_request())

    def keep(self, path: Path, given: dict[str, Any]) -> dt.datetime:
        """Write the certificate that came for it, with its key, and say when it ends."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, str(given["certificate"]).encode("ascii") + self.key.reveal())
        return dt.datetime.fromtimestamp(int(given["expires_at_ms"]) / 1000, dt.UTC)
