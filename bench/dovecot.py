"""The peer of the IMAP benchmark: Debian's Dovecot alone (mdbox, mail_crypt), with TLS."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

from bench.peer import PostfixDovecot
from tests.support.ports import wait_until_listening


class Dovecot(PostfixDovecot):
    """Started with ``with``, any number of times on one folder; ``fsync`` is its mail_fsync.

    ``optimized``, its default, syncs what is saved and expunged but not flags; ``always`` syncs these too, as we do;
    ``never`` is for filling it.
    """

    name = "Dovecot"

    def __init__(self, root: Path, port_base: int, certificate: Path, key: Path) -> None:
        super().__init__(root, port_base)
        self._certificate = certificate
        self._key = key
        self.fsync = "optimized"

    def __enter__(self) -> "Dovecot":
        if not self.root.exists():
            self.root.mkdir(parents=True)
            self.root.chmod(0o755)
            self._write()
            for source, name in ((self._certificate, "tls.pem"), (self._key, "tls.key")):
                shutil.copy(source, self.root / name)
            (self.root / "dovecot.conf").write_text(self._with_tls((self.root / "dovecot.conf").read_text()))
        path = self.root / "dovecot.conf"
        kept = re.sub(r"^mail_fsync = .*\n", "", path.read_text(), flags=re.MULTILINE)
        path.write_text(f"{kept}mail_fsync = {self.fsync}\n")
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(path)])
        wait_until_listening(self.imap_port)
        return self

    def __exit__(self, *_: object) -> None:
        if self.dovecot is not None:
            self.dovecot.send_signal(signal.SIGTERM)
            self.dovecot.wait(30)

    def _with_tls(self, text: str) -> str:
        text = text.replace("ssl = no", "ssl = yes")
        text = re.sub(r"(listener imap \{\s+port = )\d+", r"\g<1>0", text)
        text = re.sub(r"(listener imaps \{\s+port = )\d+", rf"\g<1>{self.imap_port}\n    ssl = yes", text)
        return f"{text}\nssl_cert = <{self.root}/tls.pem\nssl_key = <{self.root}/tls.key\n"
