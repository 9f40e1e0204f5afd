"""The peer for mail that leaves: Debian's Postfix, with Dovecot for the passwords of its submission port.

Limits on one client lifted, a transport to the sink. Dovecot compares plain passwords, which costs it nothing. Filled
without its queue manager, so that nothing but the queue file is written meanwhile; then started again with it.
"""

from pathlib import Path

from tests.support.certificates import write_certificate
from tests.support.dovecot_auth import DovecotAuth
from tests.support.postfix import PostfixFolder

OPTIONS = """\
    -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot
    -o smtpd_sasl_path={socket} -o smtpd_tls_auth_only=yes
    -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
"""
MAIN = """\
myhostname = mail.example.test
mynetworks =
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
in_flow_delay = 0
smtp_tls_security_level = {level}
transport_maps = inline:{{ sink.test=smtp:[127.0.0.1]:{sink} }}
"""


class PostfixRelay:
    """``with``: Dovecot runs; :meth:`start` and :meth:`stop` are Postfix'."""

    name = "Postfix"
    login = "user0@example.test"
    password = "bench"

    def __init__(self, root: Path, port: int, sink: int, *, has_tls: bool = False) -> None:
        self.root, self.port, self._sink = root, port, sink
        self._level = "may" if has_tls else "none"
        self._dovecot = DovecotAuth(root / "auth", self.password)

    def __enter__(self) -> "PostfixRelay":
        self.root.mkdir(parents=True)
        self.root.chmod(0o755)
        certificate, key = write_certificate(self.root, "localhost")
        self.authority = str(certificate)
        options = OPTIONS.format(socket=self._dovecot.socket)
        main = MAIN.format(certificate=certificate, key=key, sink=self._sink, level=self._level)
        self._postfix = PostfixFolder(self.root / "postfix", self.port, main, options=options)
        self._postfix.write()
        self._dovecot.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._dovecot.__exit__()

    def start(self) -> None:
        """Without its queue manager: what is accepted waits."""
        self._postfix.set_sending(is_on=False)
        self._postfix.start()

    def send(self) -> None:
        """With it."""
        self._postfix.set_sending(is_on=True)
        self._postfix.control("reload")

    def stop(self) -> None:
        """All of Postfix."""
        self._postfix.stop()

    @property
    def pids(self) -> list[int]:
        """Postfix' master and Dovecot's."""
        return [self._postfix.pid, self._dovecot.pid]
