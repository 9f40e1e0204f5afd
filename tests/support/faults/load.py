"""Mail in by many sessions at once, each attempt remembered with what became of it."""

import contextlib
import hashlib
import smtplib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

RECIPIENTS: Final = ("alice", "bob", "carol")
SMALL_BYTES: Final = 2_000
LARGE_BYTES: Final = 400_000  # above 256 KiB: a sealed spool file
LINE_BYTES: Final = 72
DOMAIN: Final = "example.test"


@dataclass
class Attempt:
    """One message on its way once; ``trace`` from its 250, None when there was none."""

    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    trace: str | None = None
    reply: str = ""
    sha256: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.sha256 = hashlib.sha256(self.content).digest()

    @property
    def is_acknowledged(self) -> bool:
        return self.trace is not None


def message(token: str, size: int, random: Random) -> bytes:
    """A message that is like no other and does not compress to nothing."""
    head = f"From: <sender@example.net>\r\nSubject: {token}\r\nMessage-ID: <{token}@example.net>\r\n\r\n".encode()
    body = random.randbytes(max(36, (size - len(head)) // 2)).hex().encode()
    return head + b"".join(body[start : start + LINE_BYTES] + b"\r\n" for start in range(0, len(body), LINE_BYTES))


def attempts(name: str, count: int, seed: int, *, large_every: int = 7) -> Iterator[Attempt]:
    """What one session sends: one recipient mostly, now and then all; now and then a large one."""
    random = Random(seed)
    for number in range(count):
        recipients = RECIPIENTS if number % 5 == 4 else (random.choice(RECIPIENTS),)
        size = LARGE_BYTES if number % large_every == large_every - 1 else random.randint(200, 3 * SMALL_BYTES)
        yield Attempt(recipients, message(f"{name}-{number}", size, random))


Connect = Callable[[], smtplib.SMTP]


class Load:
    """Sessions in threads; an attempt that fails is left as it is, and the session goes on with a new connection."""

    def __init__(self, connect: Connect, work: Iterable[Iterator[Attempt]]) -> None:
        self._connect = connect
        self._stop = threading.Event()
        self.attempts: list[Attempt] = []
        self._threads = [threading.Thread(target=self._session, args=(session,), daemon=True) for session in work]

    @contextlib.contextmanager
    def running(self) -> Iterator["Load"]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
            self.join()
        finally:
            self._stop.set()

    def join(self, seconds: float = 120) -> None:
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a session hangs"

    def stop(self) -> None:
        """No more messages after those that are under way."""
        self._stop.set()

    @property
    def acknowledged(self) -> list[Attempt]:
        return [attempt for attempt in list(self.attempts) if attempt.is_acknowledged]

    def _session(self, work: Iterator[Attempt]) -> None:
        client: smtplib.SMTP | None = None
        for attempt in work:
            if self._stop.is_set():
                break
            self.attempts.append(attempt)
            try:
                if client is None:
                    client = self._connect()
                    client.ehlo("load.example.net")
                send(client, attempt)
            except (smtplib.SMTPException, OSError) as exc:
                attempt.reply = attempt.reply or type(exc).__name__
                _close(client)
                client = None
                self._stop.wait(0.05)  # the server may be starting again
        _close(client)


def send(client: smtplib.SMTP, attempt: Attempt) -> None:
    """One transaction; anything but 250 raises."""
    code, text = client.mail("sender@example.net")
    for name in attempt.recipients:
        if code == 250:
            code, text = client.rcpt(f"{name}@{DOMAIN}")
    if code == 250:
        code, text = client.data(attempt.content)
    attempt.reply = f"{code} {text.decode()}"
    if code != 250:
        raise smtplib.SMTPResponseException(code, text)
    attempt.trace = text.decode().split()[-1]


def _close(client: smtplib.SMTP | None) -> None:
    if client is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            client.close()
