"""Mail that reaches the disk by every other way than port 25: sent, refused elsewhere, filed, set apart."""

import contextlib
import os
import re
import signal
import smtplib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.demo import Demo, prepared
from tests.support.faults.imap import events, until

ALICE: Final = "alice@example.test"
REFUSED: Final = "nobody@refused.test"  # our own port 25 refuses it, so that a report comes back
HELD: Final = "friend@example.net"  # no route leads there, and a demo sends nothing
SLOW_BYTES: Final = 8_000_000  # of HTML: an inspector is at it for a while
TEXTS: Final = 8  # so many of TEXT_BYTES are merged when a search meets them
TEXT_BYTES: Final = 240_000
_ROUTE: Final = (
    '\n[outbound]\nretry_s = [1]\n\n[[outbound.routes]]\ndomain = "refused.test"\nhost = "127.0.0.1"\nport = {}\n'
)


def demo_with_route(root: Path) -> Demo:
    """A demo, not started yet, whose mail to refused.test is refused."""
    demo = prepared(root)
    with (root / "skrytka.toml").open("a") as config:
        config.write(_ROUTE.format(demo.port("smtp")))
    return demo


def send_outside(demo: Demo, letter: bytes) -> None:
    """One message that stays in the queue, and one that comes back as a report with its header."""
    letter = re.sub(rb"^(From: .*)<.*>", b"\\1<" + ALICE.encode() + b">", letter, count=1, flags=re.MULTILINE)
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=20, context=demo.tls()) as client:
        client.login(ALICE, demo.password("alice"))
        for recipient in (HELD, REFUSED):
            client.sendmail(ALICE, [recipient], letter, rcpt_options=["NOTIFY=FAILURE"])
    until(lambda: "demo: not sent" in demo.run("queue", "list").stdout, "one is held")
    until(lambda: any(b"Action: failed" in each for each in demo.messages("alice")), "the report is there")


def file_away(demo: Demo, mark: str, letter: bytes) -> None:
    """Appended, copied, moved, answered, deleted; folders made, renamed, subscribed to; texts merged by a search."""
    with demo.inbox("bob") as client:
        for name in (f"{mark}one", f"{mark}two"):
            ok(client.create(name))
            ok(client.subscribe(name))
        ok(client.subscribe(f"{mark}nowhere"))
        text = (f"{mark} text\r\n".encode() * TEXT_BYTES)[:TEXT_BYTES] + b"\r\n"
        for content in (letter, *(b"Subject: %d\r\n\r\n%b" % (number, text) for number in range(TEXTS + 1))):
            ok(client.append(f"{mark}one", f"({mark}flag)", None, content))
        ok(client.select(f"{mark}one"))
        ok(client.uid("COPY", "1:3", f"{mark}two"))
        ok(client.uid("MOVE", "1", "INBOX"))
        ok(client.uid("STORE", "2", "+FLAGS", "(\\Deleted)"))
        ok(client.expunge())
        status, data = client.uid("SEARCH", "BODY", f'"{mark} text"')
        assert status == "OK"
        assert len(data[0].split()) == TEXTS
        ok(client.close())
        ok(client.rename(f"{mark}two", f"{mark}three"))
        ok(client.delete(f"{mark}one"))


def list_many(demo: Demo, letter: bytes) -> None:
    """A mailbox large enough that what a client lists of it is kept."""
    with demo.inbox("bob") as client:
        ok(client.create("Many"))
        ok(client.append("Many", "", None, letter))
        ok(client.select("Many"))
        for count in (1, 2, 4, 8, 16, 32, 64, 128, 256):
            ok(client.copy(f"1:{count}", "Many"))
            ok(client.noop())
        ok(client.fetch("1:*", "(ENVELOPE BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])"))
        ok(client.create("Twice"))
        for _ in range(2):
            ok(client.copy("1:*", "Twice"))
        ok(client.select("Twice"))  # read for the first time: its pack is made


def ok(answer: tuple[str, object]) -> None:
    """What a test prepares has to succeed."""
    assert answer[0] == "OK", answer


def set_apart(demo: Demo, letter: bytes) -> None:
    """No inspector survives the message: it goes to the quarantine mailbox."""
    html = b"<p>words <b>and</b> more&nbsp;words</p>\r\n"
    slow = letter.partition(b"\r\n\r\n")[0].replace(b"multipart/mixed", b"text/html").partition(b"; boundary")[0]
    body = html * (SLOW_BYTES // len(html))
    with every_inspector_gets(signal.SIGKILL, demo):
        demo.send("admin@example.test", slow + b"\r\n\r\n" + body)
    until(lambda: bool(events(demo, "message_quarantined")), "the message is set apart")


@contextlib.contextmanager
def every_inspector_gets(number: signal.Signals, running: Demo) -> Iterator[None]:
    """As soon as one is there, until the block ends."""
    is_over = threading.Event()

    def send() -> None:
        while not is_over.wait(0.02):
            for name, pid in running.pids().items():
                if name.startswith("inspector-"):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
