"""The peer for mail that leaves: Debian's Postfix, with Dovecot for the passwords of its submission port.

Debian's defaults but for what is named here: no DNS, no chroot, limits on one client lifted, a transport to the sink.
Dovecot compares plain passwords, which costs it nothing. Filled without its queue manager, so that nothing but the
queue file is written meanwhile; then started again with it.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
    -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot
    -o smtpd_sasl_path={root}/dovecot/auth-smtp -o smtpd_tls_auth_only=yes
    -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
{is_manager}qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
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
myhostname = mail.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_tls_cert_file = {root}/cert.pem
smtpd_tls_key_file = {root}/key.pem
smtpd_tls_security_level = may
in_flow_delay = 0
smtp_tls_security_level = none
transport_maps = inline:{{ sink.test=smtp:[127.0.0.1]:{sink} }}
disable_dns_lookups = yes
biff = no
smtputf8_enable = yes
alias_maps =
alias_database =
"""
DOVECOT = """\
base_dir = {root}/dovecot
state_dir = {root}/dovecot-state
log_path = {root}/dovecot.log
protocols =
listen = 127.0.0.1
ssl = no
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={root}
}}
service auth {{
  unix_listener auth-smtp {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


class PostfixRelay:
    """``with``: Dovecot runs; :meth:`start` and :meth:`stop` are Postfix'."""

    name = "Postfix"
    login = "user0@example.test"
    password = "bench"

    def __init__(self, root: Path, port: int, sink: int) -> None:
        self.root, self.port, self._sink = root, port, sink
        self.authority = str(root / "cert.pem")
        self._dovecot: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PostfixRelay":
        root = self.root
        root.mkdir(parents=True)
        root.chmod(0o755)
        for name in ("postfix", "queue", "data", "dovecot", "dovecot-state"):
            (root / name).mkdir()
        shutil.chown(root / "data", "postfix")
        key = ["-keyout", str(root / "key.pem"), "-out", str(root / "cert.pem"), "-days", "2", "-subj", "/CN=localhost"]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509"]
        self._run("openssl", "req", *curve, *key, "-addext", "subjectAltName=DNS:localhost")
        (root / "postfix" / "main.cf").write_text(MAIN.format(root=root, sink=self._sink))
        user = pwd.getpwnam("mail").pw_uid
        (root / "dovecot.conf").write_text(DOVECOT.format(root=root, user=user, password=self.password))
        self._dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(root / "dovecot.conf")])
        return self

    def __exit__(self, *_: object) -> None:
        if self._dovecot is not None:
            self._dovecot.send_signal(signal.SIGTERM)
            self._dovecot.wait(30)

    def start(self) -> None:
        """Without its queue manager: what is accepted waits."""
        self._write_master(is_sending=False)
        self._run("postfix", "-c", self._folder, "start")
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def send(self) -> None:
        """With it."""
        self._write_master(is_sending=True)
        self._run("postfix", "-c", self._folder, "reload")

    def _write_master(self, *, is_sending: bool) -> None:
        text = MASTER.format(root=self.root, port=self.port, is_manager="" if is_sending else "#")
        (self.root / "postfix" / "master.cf").write_text(text)

    def stop(self) -> None:
        """All of Postfix."""
        self._run("postfix", "-c", self._folder, "stop")

    @property
    def pids(self) -> list[int]:
        """Postfix' master and Dovecot's."""
        assert self._dovecot is not None
        return [int((self.root / "queue" / "pid" / "master.pid").read_text()), self._dovecot.pid]

    @property
    def _folder(self) -> str:
        return str(self.root / "postfix")

    def _run(self, *command: str) -> None:
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        subprocess.run(command, check=True, env=os.environ | {"PATH": path}, capture_output=True)
