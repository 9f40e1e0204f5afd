"""A real Knot DNS on loopback with one zone that takes updates signed with a key."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from skrytka.model.dns import Server
from skrytka.model.secret import Secret
from skrytka.net.dns.update import TsigKey
from tests.support.ports import free_base

KEY = TsigKey("skrytka", "hmac-sha256", Secret("HNi37V4Ieh0Sntxtd2Sf7OrsF12c+8UA/Rf760bob80="))
OTHER_SECRET = Secret("AAAAAAAAAAAAtxtd2Sf7OrsF12c+8UA/Rf760bob80AA=")
READER = TsigKey("reader", "hmac-sha256", Secret("BBBBBBBBBBBBtxtd2Sf7OrsF12c+8UA/Rf760bob80A="))

CONFIG = """
server:
    listen: 127.0.0.1@{port}
    rundir: {root}
database:
    storage: {root}
log:
  - target: stderr
    any: warning
key:
  - id: skrytka
    algorithm: hmac-sha256
    secret: {secret}
  - id: reader
    algorithm: hmac-sha256
    secret: {reader}
acl:
  - id: updates
    key: skrytka
    action: update
zone:
  - domain: example.org
    storage: {root}
    file: example.org.zone
    acl: updates
"""
ZONE = """\
$ORIGIN example.org.
@ 60 SOA ns hostmaster 1 3600 600 86400 60
@ 60 NS ns
@ 60 TXT "google-site-verification=abc"
ns 60 A 127.0.0.1
mail 60 A 192.0.2.25
www 60 CNAME mail
"""


@contextlib.contextmanager
def knot(root: Path) -> Iterator[Server]:
    """Until it answers; ended with SIGTERM."""
    port = free_base([0])
    secret, reader = (key.secret.reveal().decode() for key in (KEY, READER))
    (root / "knot.conf").write_text(CONFIG.format(port=port, root=root, secret=secret, reader=reader))
    (root / "example.org.zone").write_text(ZONE)
    with (root / "knot.log").open("wb") as log:
        process = subprocess.Popen(["/usr/sbin/knotd", "-c", str(root / "knot.conf")], stdout=log, stderr=log)
        try:
            _wait(port, process, root / "knot.log")
            yield Server("127.0.0.1", port)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ends_at = time.monotonic() + 30
    while time.monotonic() < ends_at:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
