"""Real-looking messages from a seed: the same for us and for the peer, none from anybody's mailbox."""

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

WORDS = [
    "meeting",
    "invoice",
    "contract",
    "please",
    "find",
    "attached",
    "the",
    "report",
    "for",
    "last",
    "quarter",
    "regards",
    "thanks",
    "team",
    "project",
    "schedule",
    "deadline",
    "budget",
    "review",
    "customer",
    "delivery",
    "server",
    "update",
    "release",
    "maintenance",
    "window",
    "tomorrow",
    "afternoon",
    "agenda",
    "zażółć",
    "gęślą",
    "jaźń",
    "faktura",
    "umowa",
    "termin",
    "spotkanie",
    "jutro",
    "proszę",
    "dziękuję",
    "pozdrawiam",
    "zamówienie",
    "płatność",
    "wysyłka",
]
NAMES = ("Anna Kowalska", "Jan Nowak", "John Smith", "Maria Garcia", "Łukasz Żak", "Wei Chen", "Eva Müller")
RARE = "kwintesencja"  # in one message of a hundred


def _text(rng: random.Random, words: int) -> str:
    chosen = rng.choices(WORDS, k=words)
    return "\r\n".join(" ".join(chosen[start : start + 12]) for start in range(0, words, 12))


def _word(name: str) -> str:
    return name if name.isascii() else f"=?utf-8?b?{base64.b64encode(name.encode()).decode()}?="


def _plain(text: str) -> str:
    return f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"


def _html(text: str) -> str:
    html = f"<html><body><p style='font: 12px Arial'>{text}</p><a href='https://example.net/'>more</a></body></html>"
    encoded = base64.encodebytes(html.encode()).decode().replace("\n", "\r\n")
    return f"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}"


def _attachment(rng: random.Random, number: int) -> str:
    encoded = base64.encodebytes(rng.randbytes(rng.randint(2_000, 15_000))).decode().replace("\n", "\r\n")
    return (
        f'Content-Type: application/pdf; name="report-{number}.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="report-{number}.pdf"\r\n\r\n{encoded}'
    )


def _multipart(kind: str, boundary: str, parts: list[str]) -> str:
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n{body}--{boundary}--\r\n'


def messages(count: int, seed: int = 7) -> Iterator[bytes]:
    """About 5 kB each: half plain text, a third with HTML, the rest with an attachment."""
    rng = random.Random(seed)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(count):
        sender, receiver = rng.choice(NAMES), rng.choice(NAMES)
        rare = f" {RARE}" if number % 100 == 50 else ""
        text = _text(rng, rng.randint(40, 600)) + rare
        kind = rng.random()
        boundary = f"=_{number}_{rng.getrandbits(60):x}"
        if kind < 0.5:
            content = _plain(text)
        elif kind < 0.85:
            content = _multipart("alternative", boundary, [_plain(text), _html(text)])
        else:
            content = _multipart("mixed", boundary, [_plain(text), _attachment(rng, number)])
        reference = f"In-Reply-To: <{number - 3}.b@example.net>\r\nReferences: <{number - 3}.b@example.net>\r\n"
        at = format_datetime(start + timedelta(minutes=number))
        head = (
            f"Return-Path: <{number % 50}@example.net>\r\n"
            f"Received: from mail.example.net by mx.example.test with ESMTPS;\r\n {at}\r\n"
            f"From: {_word(sender)} <{number % 50}@example.net>\r\nTo: {_word(receiver)} <bench@example.test>\r\n"
            f"Subject: {_word(_text(rng, 6))}\r\nDate: {at}\r\nMessage-ID: <{number}.b@example.net>\r\n"
            f"{reference if number % 3 == 0 and number > 3 else ''}X-Mailer: Bench 1.0\r\nMIME-Version: 1.0\r\n"
        )
        yield (head + content).encode()
