"""The peer: Debian's Postfix with Dovecot behind it (LMTP, mdbox, mail_crypt), on loopback, in a folder of its own.

Both run with Debian's defaults but for what is named here: sealed mailboxes (mail_crypt with a global key, so that the
peer encrypts as we do), sync on delivery (their default), no DNS, no chroot, limits on one client lifted.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

POSTFIX_MASTER = """\
127.0.0.1:{smtp} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
POSTFIX_MAIN = """\
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
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:{root}/dovecot/lmtp
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
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
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = mdbox:{root}/mail/%n
mail_uid = {user}
mail_gid = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_plugins = $mail_plugins mail_crypt
plugin {{
  mail_crypt_global_private_key = <{root}/crypt.key
  mail_crypt_global_public_key = <{root}/crypt.pub
  mail_crypt_save_version = 2
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={root}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
  process_min_avail = 1
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
MAIL_USER = "mail"


class PostfixDovecot:
    """Start with ``with``; ends the processes it started, and only those."""

    name = "Postfix + Dovecot"

    def __init__(self, root: Path, port_base: int) -> None:
        self.root = root
        self.smtp_port, self.imap_port = port_base + 25, port_base + 143
        self.password = "any"
        self.dovecot: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PostfixDovecot":
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        self._write()
        self._run("postfix", "-c", self._postfix_dir, "start")
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(self.root / "dovecot.conf")])
        try:
            self._wait_for_ports()
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._run("postfix", "-c", self._postfix_dir, "stop")
        if self.dovecot is not None:
            self.dovecot.send_signal(signal.SIGTERM)
            self.dovecot.wait(30)

    @property
    def pids(self) -> list[int]:
        """Where its processes begin: Postfix's master and Dovecot's."""
        master = int((self.root / "queue" / "pid" / "master.pid").read_text())
        return [master, *([self.dovecot.pid] if self.dovecot is not None else [])]

    @property
    def _postfix_dir(self) -> str:
        return str(self.root / "postfix")

    def _run(self, *command: str) -> None:
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        subprocess.run(command, check=True, env=os.environ | {"PATH": path}, capture_output=True)

    def _write(self) -> None:
        root = self.root
        for name in ("postfix", "queue", "data", "dovecot", "dovecot-state", "mail"):
            (root / name).mkdir(exist_ok=True)
        shutil.chown(root / "data", "postfix")
        shutil.chown(root / "mail", MAIL_USER, MAIL_USER)
        (root / "postfix" / "main.cf").write_text(POSTFIX_MAIN.format(root=root))
        (root / "postfix" / "master.cf").write_text(POSTFIX_MASTER.format(smtp=self.smtp_port))
        key, public = root / "crypt.key", root / "crypt.pub"
        self._run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key))
        self._run("openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public))
        user = pwd.getpwnam(MAIL_USER).pw_uid
        (root / "dovecot.conf").write_text(DOVECOT.format(root=root, imap=self.imap_port, user=user))

    def _wait_for_ports(self) -> None:
        deadline = time.monotonic() + 20
        for port in (self.smtp_port, self.imap_port):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
