"""A Debian Postfix under TLS that takes mail and throws it away (``DISCARD``); here it says when."""

import time
from pathlib import Path

from tests.support.certificates import write_certificate
from tests.support.postfix import PostfixFolder

MAIN = """\
myhostname = sink.test
mynetworks = 127.0.0.0/8
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
in_flow_delay = 0
smtpd_recipient_restrictions = check_recipient_access static:DISCARD, permit
"""
POLL_S = 0.02


class PostfixSink:
    """``with PostfixSink(root, port) as sink``; its log is counted."""

    def __init__(self, root: Path, port: int) -> None:
        root.mkdir(exist_ok=True)
        root.chmod(0o755)
        certificate, key = write_certificate(root, "localhost")
        self._postfix = PostfixFolder(root / "postfix", port, MAIN.format(certificate=certificate, key=key))
        self._postfix.write()
        self._log = root / "postfix" / "postfix.log"
        self._read = self._log.stat().st_size if self._log.exists() else 0

    def __enter__(self) -> "PostfixSink":
        self._postfix.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._postfix.stop()

    def rate(self, messages: int, limit_s: float) -> float:
        """Messages a second from the first to the last of so many; TimeoutError."""
        count, first_s, last_s, begun = 0, 0.0, 0.0, b""
        end_s = time.monotonic() + limit_s
        with self._log.open("rb") as log:
            log.seek(self._read)
            while count < messages:
                if time.monotonic() > end_s:
                    raise TimeoutError(f"{count} of {messages} messages after {limit_s} s")
                lines, _, begun = (begun + log.read()).rpartition(b"\n")  # a line is written while we read
                found = lines.count(b"discard: RCPT from")
                if found:
                    count, last_s = count + found, time.perf_counter()
                    first_s = first_s or last_s
                else:
                    time.sleep(POLL_S)
        return messages / (last_s - first_s)
