"""Fuzzes the SMTP server engine with h11's invariant: any octets are events or faults, and however they are cut the
same ones; nothing is raised."""

import random
import time

from skrytka.model.address import Address
from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.extensions import Extensions
from tests.support.sizes import pick
from tests.support.smtp import Driver, octets, pieces

CPU_S = pick(2.0, 60.0)
LIMITS = SmtpLimits(
    message_bytes=400,
    header_bytes=120,
    text_line_bytes=60,
    command_line_bytes=100,
    recipients=5,
    errors=12,
    commands=60,
)
EXTENSIONS = Extensions(is_dsn=True)
WORDS = [
    b"EHLO a.example\r\n",
    b"HELO a.example\r\n",
    b"EHLO [192.0.2.1]\r\n",
    b"MAIL FROM:<a@example.org>",
    b"MAIL FROM:<>",
    b'MAIL FROM:<"a>\\" b"@example.org>',
    b"MAIL FROM:<@r.example,@[IPv6:::1]:a@example.org>",
    b" SIZE=300",
    b" SIZE=999",
    b" BODY=BINARYMIME",
    b" BODY=8BITMIME",
    b" SMTPUTF8",
    b" RET=HDRS ENVID=a+2Bb",
    b"RCPT TO:<bob@example.test>",
    "RCPT TO:<łukasz@żółw.example>".encode(),
    b"RCPT TO:<Postmaster>",
    b" NOTIFY=SUCCESS,DELAY",
    b" ORCPT=rfc822;a+40b",
    b"DATA\r\n",
    b"BDAT 3\r\nabc",
    b"BDAT 7 LAST\r\nab\r\n.\r\n",
    b"BDAT 5 LAST\r\na\rb\nc",
    b"BDAT 0 LAST\r\n",
    b"BDAT 500\r\n",
    b"BDAT 9999999999\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"VRFY a\r\n",
    b"HELP\r\n",
    b"AUTH PLAIN\r\n",
    b"STARTTLS\r\n",
    b"GET / HTTP/1.1\r\n",
    b"Subject: x\r\n\r\n",
    b"text " * 15,
    b"\r\n",
    b"\r\n.\r\n",
    b".\r\n",
    b"..",
    b"\r",
    b"\n",
    b".",
    b"\x00",
    b"\xff\xfe",
    b" ",
    b"<",
    b">",
]
OPEN = b"EHLO a.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<bob@example.test>\r\n"


def conversation(chance: random.Random) -> bytes:
    data = OPEN if chance.random() < 0.5 else b""
    for _ in range(chance.randrange(1, 30)):
        word = chance.choice(WORDS)
        data += word
        if word[:4] in {b"MAIL", b"RCPT"} and chance.random() < 0.7:
            data += b"\r\n"
    if chance.random() < 0.3:  # flip an octet
        place = chance.randrange(len(data))
        data = data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
    return data


def outcome(fed: list[bytes]) -> tuple[list[bytes], list[events.Event], list[bytes]]:
    driver = Driver(LIMITS, EXTENSIONS).feed(*fed, b"")
    return driver.out, driver.log, driver.messages


def check(data: bytes, chance: random.Random) -> None:
    whole = outcome([data])
    assert outcome(octets(data)) == whole, data
    cuts = [chance.randrange(len(data) + 1) for _ in range(3)]
    assert outcome(pieces(data, cuts)) == whole, (data, cuts)
    for message in whole[2]:
        assert len(message) <= LIMITS.message_bytes, data
    assert len(whole[0]) <= LIMITS.commands + 2 * LIMITS.messages, data


def test_any_conversation_is_the_same_however_it_is_cut() -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    end = time.process_time() + CPU_S
    rounds = 0
    while time.process_time() < end:
        check(conversation(chance), chance)
        rounds += 1
    assert rounds > 10, f"seed {seed}"


def test_any_address_is_taken_or_refused() -> None:
    chance = random.Random()
    end = time.process_time() + CPU_S / 4
    while time.process_time() < end:
        text = "".join(
            chr(chance.choice((chance.randrange(0x20, 0x7F), chance.randrange(0x80, 0xD800)))) for _ in range(9)
        )
        path = f"<{text[:4]}@{text[4:]}.example>".encode()
        data = b"EHLO a.example\r\nMAIL FROM:" + path + b" SMTPUTF8\r\nRCPT TO:" + path + b"\r\n"
        out, log, _ = outcome([data])
        assert len(out) == 3, data
        for event in log:
            if isinstance(event, events.RcptTo):  # what was taken can be said again
                address = event.recipient.address
                assert Address.parse(str(address)) == address, data


def test_any_octets_are_the_same_however_they_are_cut() -> None:
    chance = random.Random()
    end = time.process_time() + CPU_S / 4
    while time.process_time() < end:
        check(chance.randbytes(chance.randrange(1, 200)), chance)
        check(bytes(chance.choices(b"\r\n.\x00aD", k=chance.randrange(1, 60))), chance)
