"""Debian's Postfix in a folder of its own, on loopback: the one place that knows how such a folder is made.

Debian's defaults but for what is named here: no DNS, no chroot, limits on one client lifted, syncs as ever.
"""

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.needs import SYSTEM_PATH
from tests.support.ports import is_listening

START_S = 20.0
MASTER = """\
{address}:{port} inet n - n - {processes} smtpd
{options}pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
{manager}qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
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
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
disable_dns_lookups = yes
biff = no
smtputf8_enable = yes
alias_maps =
alias_database =
"""


class PostfixFolder:
    """Started and stopped as root.

    ``main`` is the rest of main.cf, ``options`` are ``-o`` lines of its smtpd, ``services`` further lines of master.cf;
    ``prefix`` is put before the command that starts it.
    """

    def __init__(
        self,
        root: Path,
        port: int,
        main: str,
        *,
        options: str = "",
        processes: str = "-",
        services: str = "",
        prefix: Sequence[str] = (),
        address: str = "127.0.0.1",
    ) -> None:
        self.root, self.port, self.address = root, port, address
        self._main, self._options, self._processes = main, options, processes
        self._services, self._prefix = services, prefix

    def write(self) -> None:
        """Make the folder, or write its files anew. Its users have to be able to enter what lies above it."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        for name in ("postfix", "queue", "data"):
            (self.root / name).mkdir(exist_ok=True)
        shutil.chown(self.root / "data", "postfix")
        (self.root / "postfix" / "main.cf").write_text(last_of_each(MAIN.format(root=self.root) + self._main))
        self.set_sending(is_on=True)

    def set_sending(self, *, is_on: bool) -> None:
        """Whether the queue manager runs: at the next start, or after ``run("postfix", ..., "reload")``."""
        text = MASTER.format(
            address=self.address,
            port=self.port,
            processes=self._processes,
            options=self._options,
            manager="" if is_on else "#",
        )
        (self.root / "postfix" / "master.cf").write_text(text + self._services)

    def start(self) -> None:
        """Returns when its port answers."""
        try:
            self.control("start")
            end = time.monotonic() + START_S
            while not is_listening(self.port, self.address):
                assert time.monotonic() < end, self.log
                time.sleep(0.1)
        except BaseException:
            with contextlib.suppress(AssertionError):
                self.stop()
            raise

    def stop(self) -> None:
        self.control("stop")

    def control(self, verb: str) -> None:
        """``postfix start``, ``stop``, ``reload``."""
        self.run(*(self._prefix if verb == "start" else ()), "postfix", "-c", self.conf, verb)

    def run(self, *command: str, data: bytes | None = None) -> bytes:
        """One of Postfix' own programs."""
        done = subprocess.run(
            command, check=False, env=os.environ | {"PATH": SYSTEM_PATH}, capture_output=True, input=data, timeout=60
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr, self.log)
        return done.stdout

    @property
    def conf(self) -> str:
        return str(self.root / "postfix")

    @property
    def log(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.root / "postfix.log").read_text(errors="replace")
        return ""

    @property
    def pid(self) -> int:
        """Its master's."""
        return int((self.root / "queue" / "pid" / "master.pid").read_text())


def last_of_each(settings: str) -> str:
    """A setting that stands twice, once.

    Postfix warns of it in every process, also in the one that writes the log; when ten lines wait for that one as it
    starts, it waits for itself for ever, and all the others with it.
    """
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", settings):
        name = entry.partition("=")[0].strip()
        found.pop(name, None)
        found[name] = entry
    return "\n".join(found.values()) + "\n"


RELAY = """\
myhostname = mail.example.net
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{target}
smtp_tls_security_level = secure
smtp_tls_CAfile = {authority}
smtp_tls_secure_cert_match = mail.example.test
smtp_tls_loglevel = 1
"""


class PostfixRelay(PostfixFolder):
    """``with``: a relaying MTA that sends all it takes to one server, whose certificate has to be right."""

    def __init__(self, *, port: int, target: int, authority: str) -> None:
        self._own = tempfile.TemporaryDirectory(prefix="skrytka-postfix-")  # pytest's folders are closed to its users
        root = Path(self._own.name)
        super().__init__(root, port, RELAY.format(target=target, authority=root / "ca.pem"))
        self.write()
        shutil.copy(authority, root / "ca.pem")

    def __enter__(self) -> "PostfixRelay":
        try:
            self.start()
        except BaseException:
            self._own.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self._own.cleanup()

    def sendmail(self, *arguments: str, message: bytes) -> None:
        """As a program on that machine sends mail."""
        self.run("sendmail", "-C", self.conf, *arguments, data=message)

    def wait_until_empty(self, seconds: float) -> None:
        """Until nothing waits in its queue; AssertionError with its log."""
        end = time.monotonic() + seconds
        while b"empty" not in self.run("postqueue", "-c", self.conf, "-p"):
            assert time.monotonic() < end, self.log[-4000:]
            time.sleep(0.1)


PEER = """\
myhostname = mail.peer.test
virtual_mailbox_domains = {domain}
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
message_size_limit = 20000000
{more}
"""


class PostfixPeer(PostfixFolder):
    """``with``: takes mail for peer.test, refuses, greylists, and sends mail for example.test on to port ``route``."""

    def __init__(
        self,
        root: Path,
        port: int,
        *,
        route: int,
        more: str = "",
        address: str = "127.0.0.1",
        domain: str = "peer.test",
    ) -> None:
        mail = pwd.getpwnam("mail")
        main = PEER.format(root=root, uid=mail.pw_uid, gid=mail.pw_gid, route=route, more=more, domain=domain)
        super().__init__(root, port, main, processes="20", address=address)

    def __enter__(self) -> "PostfixPeer":
        self.write()
        (self.root / "mail").mkdir(exist_ok=True)
        shutil.chown(self.root / "mail", "mail", "mail")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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


DANE = """\
myhostname = mail.sender.test
mynetworks = 127.0.0.0/8
disable_dns_lookups = no
smtp_dns_support_level = dnssec
smtp_host_lookup = dns
smtp_tls_security_level = dane
smtp_tls_loglevel = 1
"""


class DanePostfix(PostfixFolder):
    """A Postfix that asks for DANE: its resolver is the one with this address, whatever the machine's is."""

    def __init__(self, root: Path, port: int, resolver: str, more: str = "") -> None:
        super().__init__(root, port, DANE + more)
        self._resolv_conf = root / "resolv.conf"
        self._text = f"nameserver {resolver}\noptions edns0 trust-ad\n"

    def start(self) -> None:
        self.write()
        self._resolv_conf.write_text(self._text)
        super().start()

    def run(self, *command: str, data: bytes | None = None) -> bytes:
        bind = f"mount --make-rprivate / && mount --bind {self._resolv_conf} /etc/resolv.conf"
        return super().run("unshare", "--mount", "sh", "-c", f'{bind} && exec "$@"', "sh", *command, data=data)
