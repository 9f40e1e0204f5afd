"""Fuzzes the SMTP server engine with h11's invariant: any octets are events or faults, and however they are cut the
same ones; nothing is raised."""

import random
import time
from typing import Any, NamedTuple

from skrytka.model.address import Address
from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.authentication import MECHANISMS
from skrytka.protocol.smtp.extensions import Extensions, FutureRelease
from tests.support.sizes import pick
from tests.support.smtp import PASSWORD, Driver, octets, pieces

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
LATER: dict[str, Any] = {
    "future_release": FutureRelease(3600, 1_798_761_600_000),
    "deliver_by_min_s": 60,
    "is_priority": True,
}
LISTENERS = [
    (Extensions(is_dsn=True), False),
    (Extensions(is_dsn=True, mechanisms=MECHANISMS, **LATER), True),
    (Extensions(is_dsn=True, mechanisms=MECHANISMS, is_auth_required=True), True),
    (Extensions(mechanisms=MECHANISMS), False),
]
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
    b" RET=FULL",
    b" ENVID=a+2",
    b" AUTH=<>",
    b" HOLDFOR=60",
    b" HOLDFOR=3601",
    b" HOLDUNTIL=2027-01-01T00:00:00Z",
    b" HOLDUNTIL=2027-01-01T00:00:60Z",
    b" BY=60;RT",
    b" BY=-9;N",
    b" MT-PRIORITY=-9",
    b" MT-PRIORITY=99",
    b" AUTH=a+2Bb@example.org",
    b"RCPT TO:<bob@example.test>",
    "RCPT TO:<łukasz@żółw.example>".encode(),
    b"RCPT TO:<Postmaster>",
    b" NOTIFY=SUCCESS,DELAY",
    b" NOTIFY=NEVER",
    b" NOTIFY=NEVER,FAILURE",
    b" ORCPT=rfc822;a+40b",
    rb" ORCPT=utf-8;a\x{17C}@b",
    " ORCPT=utf-8;ż@b".encode(),
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
    b"AUTH LOGIN\r\n",
    b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",  # right
    b"AUTH LOGIN YWxpY2U=\r\n",
    b"AUTH PLAIN =\r\n",
    b"auth cram-md5\r\n",
    b"AGFsaWNlAHNlY3JldA==\r\n",
    b"c2VjcmV0\r\n",
    b"*\r\n",
    b"=\r\n",
    b"A" * 50,
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


class Claim(NamedTuple):
    """A step of AUTH whose secret can be compared."""

    mechanism: str
    message: bytes | None


def comparable(event: events.Event) -> events.Event | Claim:
    if isinstance(event, events.Authenticate):
        return Claim(event.mechanism, event.initial.reveal() if event.initial is not None else None)
    if isinstance(event, events.AuthResponse):
        return Claim("", event.message.reveal() if event.message is not None else None)
    return event


def outcome(fed: list[bytes], listener: int = 0) -> tuple[list[bytes], list[events.Event | Claim], list[bytes]]:
    extensions, is_tls = LISTENERS[listener]
    driver = Driver(LIMITS, extensions, is_tls=is_tls).feed(*fed, b"")
    proven = [password == PASSWORD for _, _, password in driver.logins.claims]
    assert True not in proven[:-1], "after a login there is no other"
    return driver.out, [comparable(event) for event in driver.log], driver.messages


def check(data: bytes, chance: random.Random) -> None:
    listener = chance.randrange(len(LISTENERS))
    whole = outcome([data], listener)
    assert outcome(octets(data), listener) == whole, data
    cuts = [chance.randrange(len(data) + 1) for _ in range(3)]
    assert outcome(pieces(data, cuts), listener) == whole, (data, cuts)
    for message in whole[2]:
        assert len(message) <= LIMITS.message_bytes, data
    check_listener(whole[1], *LISTENERS[listener])
    assert len(whole[0]) <= LIMITS.commands + 2 * LIMITS.messages, data


def check_listener(log: list[events.Event | Claim], extensions: Extensions, is_tls: bool) -> None:
    """No password in clear, no mail before a login where one is needed."""
    kinds = [type(event) for event in log]
    if not is_tls:
        assert Claim not in kinds
    if extensions.is_auth_required and events.MailFrom in kinds:
        assert Claim in kinds[: kinds.index(events.MailFrom)]


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
