"""Debian's Postfix as a relaying MTA in a folder of its own: it sends all it takes to one server."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support.needs import SYSTEM_PATH

START_S = 20.0
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {root}/postfix.log
maillog_file_prefixes = /
myhostname = mail.example.net
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{target}
smtp_tls_security_level = {tls}
smtp_tls_CAfile = {authority}
smtp_tls_secure_cert_match = mail.example.test
smtp_tls_loglevel = 1
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
disable_dns_lookups = yes
biff = no
smtputf8_enable = yes
alias_maps =
alias_database =
"""


class PostfixRelay:
    """Start with ``with``, as root; ends what it started."""

    def __init__(self, *, port: int, target: int, authority: str, tls: str = "secure") -> None:
        self._own = tempfile.TemporaryDirectory(prefix="skrytka-postfix-")  # pytest's folders are closed to its users
        root = self.root = Path(self._own.name)
        self.port = port
        root.chmod(0o755)
        for name in ("conf", "queue", "data"):
            (root / name).mkdir(exist_ok=True)
        shutil.copy(authority, root / "ca.pem")
        shutil.chown(root / "data", "postfix")
        (root / "conf" / "main.cf").write_text(
            MAIN.format(root=root, target=target, tls=tls, authority=root / "ca.pem")
        )
        (root / "conf" / "master.cf").write_text(MASTER.format(port=port))

    def __enter__(self) -> "PostfixRelay":
        try:
            self.run("postfix", "-c", self.conf, "start")
            self._wait_for_port()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.run("postfix", "-c", self.conf, "stop")
        finally:
            self._own.cleanup()

    @property
    def conf(self) -> str:
        return str(self.root / "conf")

    @property
    def log(self) -> str:
        return (self.root / "postfix.log").read_text(errors="replace")

    def run(self, *command: str, data: bytes | None = None) -> bytes:
        """One of Postfix' own programs."""
        done = subprocess.run(
            command, check=False, env=os.environ | {"PATH": SYSTEM_PATH}, capture_output=True, input=data, timeout=60
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr, self.log)
        return done.stdout

    def sendmail(self, *arguments: str, message: bytes) -> None:
        """As a program on that machine sends mail."""
        self.run("sendmail", "-C", self.conf, *arguments, data=message)

    def wait_until_empty(self, seconds: float) -> None:
        """Until nothing waits in its queue; AssertionError with its log."""
        end = time.monotonic() + seconds
        while b"empty" not in self.run("postqueue", "-c", self.conf, "-p"):
            assert time.monotonic() < end, self.log[-4000:]
            time.sleep(0.1)

    def _wait_for_port(self) -> None:
        end = time.monotonic() + START_S
        while True:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < end, self.log
            time.sleep(0.1)
