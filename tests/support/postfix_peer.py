"""A private Postfix on loopback: takes mail for peer.test, refuses, greylists, and sends mail for example.test on."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

MASTER = """\
127.0.0.1:{port} inet n - n - 20 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
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
myhostname = mail.peer.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = peer.test
virtual_mailbox_maps = static:box/
virtual_mailbox_base = {root}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ no@peer.test = 550 5.1.1 nobody of that name }},
    {{ later@peer.test = 450 4.7.1 greylisted }}, {{ slow@peer.test = sleep 30 }} }}, permit_mynetworks,
    reject_unauth_destination
transport_maps = inline:{{ example.test=smtp:[127.0.0.1]:{route} }}
smtp_tls_security_level = may
smtpd_peername_lookup = no
disable_dns_lookups = yes
message_size_limit = 20000000
alias_maps =
alias_database =
biff = no
{more}
"""


class Postfix:
    """``with Postfix(root, port, route=...)``: ends what it started."""

    def __init__(self, root: Path, port: int, *, route: int, more: str = "") -> None:
        self.root = root
        self.port = port
        self._text = {"route": route, "more": more}

    def __enter__(self) -> "Postfix":
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        for name in ("postfix", "queue", "data", "mail"):
            (self.root / name).mkdir(exist_ok=True)
        mail = pwd.getpwnam("mail")
        shutil.chown(self.root / "data", "postfix")
        shutil.chown(self.root / "mail", "mail", "mail")
        main = MAIN.format(root=self.root, uid=mail.pw_uid, gid=mail.pw_gid, **self._text)
        (self.root / "postfix" / "main.cf").write_text(main)
        (self.root / "postfix" / "master.cf").write_text(MASTER.format(port=self.port))
        self._run("start")
        end = time.monotonic() + 20
        while not self._is_listening():
            assert time.monotonic() < end, self.log
            time.sleep(0.1)
        return self

    def _is_listening(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_: object) -> None:
        self._run("stop")

    def _run(self, verb: str) -> None:
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        command = ["postfix", "-c", str(self.root / "postfix"), verb]
        subprocess.run(command, check=True, env=os.environ | {"PATH": path}, capture_output=True, timeout=60)

    @property
    def log(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.root / "postfix.log").read_text()
        return ""

    def messages(self) -> list[bytes]:
        """All mail for peer.test, the oldest first."""
        files = sorted((self.root / "mail" / "box" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in files]

    def wait_for(self, count: int, seconds: float = 30.0) -> list[bytes]:
        end = time.monotonic() + seconds
        while len(found := self.messages()) < count:
            assert time.monotonic() < end, self.log
            time.sleep(0.1)
        return found
