"""Looking into the mailboxes by IMAP: how many messages there are, and that the last can be fetched."""

import imaplib
import re
import ssl
import time

POLL_S = 0.02


class Mailboxes:
    """A lasting IMAP session per mailbox; the same for us and for the peer."""

    def __init__(self, host: str, port: int, logins: list[tuple[str, str]], tls: ssl.SSLContext | None) -> None:
        self.sessions = []
        for name, password in logins:
            session = imaplib.IMAP4_SSL(host, port, ssl_context=tls) if tls else imaplib.IMAP4(host, port)
            session.login(name, password)
            self.sessions.append(session)

    def counts(self) -> list[int]:
        """Messages in each INBOX."""
        return [self._count(session) for session in self.sessions]

    @staticmethod
    def _count(session: imaplib.IMAP4) -> int:
        _, data = session.status("INBOX", "(MESSAGES)")
        match = re.search(rb"MESSAGES (\d+)", data[0])
        return int(match[1]) if match else 0

    def wait_for(self, expected: list[int], limit_s: float) -> None:
        """Return once each mailbox has at least so many and its last message can be fetched."""
        deadline = time.monotonic() + limit_s
        for session, count in zip(self.sessions, expected, strict=True):
            while self._count(session) < count:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self._count(session)} of {count} messages after {limit_s} s")
                time.sleep(POLL_S)
        session = self.sessions[-1]
        session.select("INBOX", readonly=True)
        status, data = session.fetch("*", "(BODY.PEEK[])")
        if status != "OK" or not data or data[0] is None:
            raise RuntimeError("the last message cannot be fetched")
        session.unselect()

    def close(self) -> None:
        """Log out everywhere."""
        for session in self.sessions:
            session.logout()
