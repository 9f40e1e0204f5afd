"""Fuzzes the SMTP client engine: whatever a server says is events or RemoteProtocolError, and however it is cut the
same; whatever a session says then is octets or LocalProtocolError, and never a second end of data."""

import random
import time

from skrytka.model.engine import Signal
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.smtp import client_events as said
from skrytka.protocol.smtp.client import SmtpClient
from skrytka.protocol.smtp.client_states import ClientState
from tests.support.sizes import pick
from tests.support.smtp import TLS, octets
from tests.support.smtp_client import NAME, SENDER, to

CPU_S = pick(2.0, 60.0)
REPLIES = [
    b"220 x\r\n",
    b"250 ok\r\n",
    b"250-x\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250-CHUNKING\r\n250 DSN\r\n",
    b"354 go\r\n",
    b"334 \r\n",
    b"235 in\r\n",
    b"421 bye\r\n",
    b"452 4.5.3 later\r\n",
    b"550-5.1.1 no\r\n550 5.1.1 no\r\n",
    b"250-half\r\n",
    b"nonsense\r\n",
    b"250 a\n",
    b"\xff",
]
ACTIONS: list[said.Action] = [
    said.SayHello(NAME),
    said.SayStartTls(),
    said.SayAuth("LOGIN", "a", Secret(b"b")),
    said.SayResponse(),
    said.SayMail(reverse_path=SENDER, envid="x"),
    said.SayRcpt(to()),
    said.SayData(),
    said.SayBody(b".\r\n"),
    said.SayBody(b"\r\n."),
    said.SayBody(b"a\nb"),
    said.SayEnd(),
    said.SayChunk(b"ab", is_last=False),
    said.SayChunk(b"", is_last=True),
    said.SayReset(),
    said.SayNoop(),
    said.SayQuit(),
]


def run(script: list[bytes | said.Action], *, is_cut: bool, is_lmtp: bool) -> list[object]:
    client = SmtpClient(is_lmtp=is_lmtp)
    log: list[object] = []
    for step in script:
        if isinstance(step, bytes):
            try:
                for piece in octets(step) if is_cut else [step]:
                    client.receive(piece)
                    while not isinstance(event := client.next_event(), Signal):
                        log.append(event)
            except RemoteProtocolError as error:
                return [*log, str(error)]
        else:
            try:
                log.append(client.send(step))
            except LocalProtocolError as error:
                log.append(str(error))
        if client.state is ClientState.TLS:
            client.tls_started(TLS)
    return log


def test_any_conversation_is_the_same_however_it_is_cut() -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    end = time.process_time() + CPU_S
    rounds = 0
    while time.process_time() < end:
        script: list[bytes | said.Action] = [REPLIES[0], ACTIONS[0], REPLIES[2]]
        script += chance.choices([*REPLIES, *ACTIONS], k=chance.randrange(25))
        is_lmtp = chance.random() < 0.2
        assert run(script, is_cut=True, is_lmtp=is_lmtp) == run(script, is_cut=False, is_lmtp=is_lmtp), seed
        rounds += 1
    assert rounds > 10, seed
