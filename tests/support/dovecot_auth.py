"""Dovecot as the one who knows passwords, for a Postfix that asks for them (smtpd_sasl_type = dovecot)."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.support.needs import SYSTEM_PATH

START_S = 20.0
CONFIG = """\
base_dir = {root}/run
state_dir = {root}/state
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
  args = uid=8 gid=8 home={root}
}}
service auth {{
  unix_listener auth-smtp {{
    mode = 0666
  }}
}}
"""


class DovecotAuth:
    """``with DovecotAuth(root, password)``: every name has that password. As root; ends what it started."""

    def __init__(self, root: Path, password: str) -> None:
        self.socket = root / "run" / "auth-smtp"
        self._root, self._password = root, password
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "DovecotAuth":
        self._root.mkdir(parents=True)
        self._root.chmod(0o755)
        config = self._root / "dovecot.conf"
        config.write_text(CONFIG.format(root=self._root, password=self._password))
        command = ["dovecot", "-F", "-c", str(config)]
        self._process = subprocess.Popen(command, env=os.environ | {"PATH": SYSTEM_PATH})
        end = time.monotonic() + START_S
        while not self.socket.exists():
            assert time.monotonic() < end, (self._root / "dovecot.log").read_text()
            time.sleep(0.05)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
