"""The peer: Debian's Postfix with Dovecot behind it (LMTP, mdbox, mail_crypt), on loopback, in a folder of its own.

Both run with Debian's defaults but for what is named here: sealed mailboxes (mail_crypt with a global key, so that the
peer encrypts as we do), sync on delivery (their default), no DNS, no chroot, limits on one client lifted.
"""

import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.ports import wait_until_listening
from tests.support.postfix import PostfixFolder

POSTFIX = """\
myhostname = mail.example.test
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:{root}/dovecot/lmtp
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = reject_unauth_destination
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

    def __init__(
        self, root: Path, port_base: int, *, main: str = "", services: str = "", prefix: Sequence[str] = ()
    ) -> None:
        self.root = root
        self.smtp_port, self.imap_port = port_base + 25, port_base + 143
        self.password = "any"
        self.dovecot: subprocess.Popen[bytes] | None = None
        text = POSTFIX.format(root=root) + main
        folder = root / "postfix"
        self._postfix = PostfixFolder(folder, self.smtp_port, text, processes="100", services=services, prefix=prefix)

    def __enter__(self) -> "PostfixDovecot":
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        self._write()
        self._postfix.write()
        self._postfix.start()
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(self.root / "dovecot.conf")])
        try:
            wait_until_listening(self.imap_port)
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._postfix.stop()
        if self.dovecot is not None:
            self.dovecot.send_signal(signal.SIGTERM)
            self.dovecot.wait(30)

    @property
    def pids(self) -> list[int]:
        """Where its processes begin: Postfix's master and Dovecot's."""
        return [self._postfix.pid, *([self.dovecot.pid] if self.dovecot is not None else [])]

    def _write(self) -> None:
        root = self.root
        for name in ("dovecot", "dovecot-state", "mail"):
            (root / name).mkdir(exist_ok=True)
        shutil.chown(root / "mail", MAIL_USER, MAIL_USER)
        key, public = str(root / "crypt.key"), str(root / "crypt.pub")
        curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        subprocess.run(["openssl", "genpkey", *curve, "-out", key], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
        user = pwd.getpwnam(MAIL_USER).pw_uid
        (root / "dovecot.conf").write_text(DOVECOT.format(root=root, imap=self.imap_port, user=user))
