"""The sending side of SMTP and LMTP as an engine: commands in order, pipelined where that is allowed.

Guarantees: only the table of ``client_states`` says what may be said; replies are matched to commands in order; a
message leaves by DATA with its dots stuffed and without a bare CR or LF, or not at all. What a server must not say is
RemoteProtocolError: the connection is of no use then.
"""

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from skrytka.model.engine import NEED_DATA, Signal, TlsFacts
from skrytka.model.envelope import BodyType, Notify, Recipient
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.protocol.sasl.base64 import encode
from skrytka.protocol.smtp import client_events as said
from skrytka.protocol.smtp.capabilities import NO_CAPABILITIES, Capabilities
from skrytka.protocol.smtp.client_events import Action, Answered, ClientEvent, Closing, PeerEof
from skrytka.protocol.smtp.client_states import NEGATIVE, PIPELINED, POSITIVE, SAID, ClientState, Step
from skrytka.protocol.smtp.parameters import encode_utf8_address, encode_xtext, is_utf8_type
from skrytka.protocol.smtp.peer_reply import PeerReply, ReplyReader
from skrytka.protocol.smtp.stuffing import DotWriter

_CLOSING: Final = 421
_GO_ON: Final = {Step.DATA: 354, Step.AUTH: 334}  # the only 3xx there are; DATA has no other positive reply
_CANCEL: Final = b"*\r\n"  # RFC 4954 4
_FIXED: Final[dict[type, bytes]] = {said.SayReset: b"RSET\r\n", said.SayNoop: b"NOOP\r\n", said.SayQuit: b"QUIT\r\n"}


class _Waiting(msgspec.Struct, frozen=True):
    """A command whose reply is not in."""

    step: Step
    recipient: Recipient | None = None
    is_extended: bool = False


class SmtpClient:
    """One session, from the awaited greeting to QUIT. Never PAUSED: what is read is never held back."""

    def __init__(self, *, is_lmtp: bool = False) -> None:
        self._is_lmtp = is_lmtp
        self._state = ClientState.CONNECTED
        self._reader = ReplyReader()
        self._waiting: deque[_Waiting] = deque([_Waiting(Step.GREETING)])
        self._capabilities = NO_CAPABILITIES
        self._accepted: list[Recipient] = []
        self._is_smtputf8 = False
        self._is_chunked = False
        self._dots = DotWriter()
        self._responses: deque[bytes] = deque()
        self._is_tls = False
        self._is_authenticated = False
        self._is_eof = False
        self._is_closing = False  # 421 was said

    @property
    def state(self) -> ClientState:
        """Where the session stands."""
        return self._state

    @property
    def capabilities(self) -> Capabilities:
        """Of the last EHLO; nothing after HELO and after a handshake."""
        return self._capabilities

    @property
    def accepted(self) -> tuple[Recipient, ...]:
        """Recipients of this transaction that were answered 2xx so far."""
        return tuple(self._accepted)

    @property
    def is_tls(self) -> bool:
        return self._is_tls

    # -- input ----------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Feed what was read; ``b""`` is end of file."""
        if data:
            self._reader.feed(data)
        else:
            self._is_eof = True

    def next_event(self) -> ClientEvent | Signal:
        """RemoteProtocolError when the server breaks the protocol."""
        reply = self._reader.next()
        if reply is not None:
            return self._on_reply(reply)
        if not self._is_eof:
            return NEED_DATA
        is_expected = self._is_closing or self._state is ClientState.CLOSED
        self._state = ClientState.CLOSED
        return PeerEof(is_expected)

    def tls_started(self, tls: TlsFacts) -> None:
        """What the server said in clear is forgotten (RFC 3207 4.2)."""
        if self._state is not ClientState.TLS:
            raise LocalProtocolError("no STARTTLS was answered")
        self._reader.clear()
        self._is_tls = True
        self._capabilities = NO_CAPABILITIES
        self._state = ClientState.HELLO

    def tls_implicit(self) -> None:
        """The connection began with TLS; before the greeting."""
        if self._state is not ClientState.CONNECTED:
            raise LocalProtocolError("the session has begun")
        self._is_tls = True

    def _on_reply(self, reply: PeerReply) -> ClientEvent:
        self._is_closing = self._is_closing or reply.code == _CLOSING
        if not self._waiting:
            if reply.code == _CLOSING:
                self._state = ClientState.REFUSED
                return Closing(reply)
            raise RemoteProtocolError(f"a reply to nothing: {reply.code}")
        waiting = self._waiting.popleft()
        _check_code(waiting.step, reply)
        if waiting.step is Step.AUTH and reply.code == 334:
            self._state = ClientState.CHALLENGED
        else:
            self._move(waiting, reply)
        capabilities = self._capabilities if waiting.step is Step.HELLO and reply.is_positive else None
        return Answered(waiting.step, reply, waiting.recipient, capabilities)

    def _move(self, waiting: _Waiting, reply: PeerReply) -> None:
        """The state after the reply, and what it says about the transaction."""
        step = waiting.step
        table = POSITIVE if reply.is_positive else NEGATIVE
        is_last = step is not Step.END or not any(each.step is Step.END for each in self._waiting)  # LMTP: several
        if step in table and is_last:
            self._state = table[step]
            if step is Step.END and self._is_chunked and not reply.is_positive:
                self._state = ClientState.FAILED  # RFC 3030 2: after a failed chunk only RSET is sure
        if step is Step.HELLO:
            is_listed = reply.is_positive and waiting.is_extended
            self._capabilities = Capabilities.parse(reply) if is_listed else NO_CAPABILITIES
        elif step is Step.AUTH:
            self._is_authenticated = self._is_authenticated or reply.is_positive
        elif step is Step.RCPT and reply.is_positive and waiting.recipient is not None:
            self._accepted.append(waiting.recipient)
        elif step is Step.STARTTLS and reply.is_positive and not self._reader.is_empty:
            # Whoever could put it there would have it taken for the server's word under TLS.
            raise RemoteProtocolError("clear text behind the reply to STARTTLS")

    # -- output ---------------------------------------------------------------------------------------------------

    def send(self, action: Action) -> bytes:
        """Octets for the wire. LocalProtocolError for what may not be said now, or not to this server."""
        step, make = self._ACTIONS[type(action)]
        if isinstance(action, said.SayChunk) and action.is_last:
            step = Step.END
        if step not in SAID[self._state]:
            raise LocalProtocolError(f"{step.name} cannot be said in {self._state.name}")
        if self._waiting and not (self._capabilities.is_pipelining and step in PIPELINED):
            raise LocalProtocolError(f"{step.name} has to wait for the reply to {self._waiting[-1].step.name}")
        line = make(self, action)
        before, self._state = self._state, SAID[self._state][step]
        if isinstance(action, said.SayMail):
            self._accepted, self._is_smtputf8 = [], action.is_smtputf8
            self._is_chunked = False
        self._expect(step, before, action)
        return line

    def _expect(self, step: Step, before: ClientState, action: Action) -> None:
        if step is Step.BODY:
            return
        if step is Step.END and self._is_lmtp:  # RFC 2033 4.2: a reply for each recipient
            self._waiting.extend(_Waiting(step, recipient) for recipient in self._accepted)
            return
        recipient = action.recipient if isinstance(action, said.SayRcpt) else None
        is_extended = isinstance(action, said.SayHello) and (action.is_extended or self._is_lmtp)
        step = Step.AUTH if step is Step.RESPONSE else step
        self._waiting.append(_Waiting(step, recipient, is_extended))

    def _hello(self, action: said.SayHello) -> bytes:
        verb = "LHLO" if self._is_lmtp else "EHLO" if action.is_extended else "HELO"
        return f"{verb} {action.name}\r\n".encode()

    def _starttls(self, _action: said.SayStartTls) -> bytes:
        if self._is_tls or not self._capabilities.is_starttls:
            raise LocalProtocolError("STARTTLS is not offered")
        return b"STARTTLS\r\n"

    def _auth(self, action: said.SayAuth) -> bytes:
        if not self._is_tls:
            raise LocalProtocolError("a password goes under TLS only")
        if action.mechanism not in self._capabilities.mechanisms:
            raise LocalProtocolError(f"{action.mechanism} is not offered")
        name, password = action.name.encode(), action.password.reveal()
        if action.mechanism == "PLAIN":
            self._responses = deque()
            return b"AUTH PLAIN " + encode(b"\0" + name + b"\0" + password) + b"\r\n"  # RFC 4954 4: initial response
        if action.mechanism == "LOGIN":
            self._responses = deque([encode(name) + b"\r\n", encode(password) + b"\r\n"])
            return b"AUTH LOGIN\r\n"
        raise LocalProtocolError("PLAIN and LOGIN are spoken")

    def _response(self, _action: said.SayResponse) -> bytes:
        return self._responses.popleft() if self._responses else _CANCEL

    def _mail(self, action: said.SayMail) -> bytes:
        parameters = mail_parameters(action, self._capabilities)
        if self._is_authenticated:
            parameters += " AUTH=<>"  # RFC 4954 5: whoever logs in for others says that it vouches for none of them
        return f"MAIL FROM:<{action.reverse_path}>{parameters}\r\n".encode()

    def _rcpt(self, action: said.SayRcpt) -> bytes:
        if not (self._is_smtputf8 or action.recipient.address.is_ascii):
            raise LocalProtocolError("the recipient needs SMTPUTF8")
        is_dsn = self._capabilities.is_dsn
        parameters = rcpt_parameters(action.recipient, is_smtputf8=self._is_smtputf8) if is_dsn else ""
        return f"RCPT TO:<{action.recipient.address}>{parameters}\r\n".encode()

    def _data(self, _action: said.SayData) -> bytes:
        self._check_recipients()
        self._dots = DotWriter()
        return b"DATA\r\n"

    def _check_recipients(self) -> None:
        if not self._waiting and not self._accepted:
            raise LocalProtocolError("no recipient was accepted")

    def _body(self, action: said.SayBody) -> bytes:
        if not self._accepted:  # RFC 2920 3.1: a single dot, when 354 was said for nobody
            raise LocalProtocolError("no recipient was accepted")
        return self._dots.feed(action.data)

    def _end(self, _action: said.SayEnd) -> bytes:
        if self._state is not ClientState.DATA:
            raise LocalProtocolError("the message is not sent by DATA")
        return self._dots.finish()

    def _chunk(self, action: said.SayChunk) -> bytes:
        if not self._capabilities.is_chunking or self._state is ClientState.DATA:
            raise LocalProtocolError("BDAT is not offered, or DATA was said")
        self._check_recipients()
        self._is_chunked = True
        last = b" LAST" if action.is_last else b""
        return b"BDAT %d%b\r\n%b" % (len(action.data), last, action.data)

    def _fixed(self, action: Action) -> bytes:
        return _FIXED[type(action)]

    _ACTIONS: ClassVar[dict[type, tuple[Step, Callable[..., bytes]]]] = {
        said.SayHello: (Step.HELLO, _hello),
        said.SayStartTls: (Step.STARTTLS, _starttls),
        said.SayAuth: (Step.AUTH, _auth),
        said.SayResponse: (Step.RESPONSE, _response),
        said.SayMail: (Step.MAIL, _mail),
        said.SayRcpt: (Step.RCPT, _rcpt),
        said.SayData: (Step.DATA, _data),
        said.SayBody: (Step.BODY, _body),
        said.SayEnd: (Step.END, _end),
        said.SayChunk: (Step.BDAT, _chunk),
        said.SayReset: (Step.RSET, _fixed),
        said.SayNoop: (Step.NOOP, _fixed),
        said.SayQuit: (Step.QUIT, _fixed),
    }


def _check_code(step: Step, reply: PeerReply) -> None:
    """A server that answers 354 to RCPT, or 250 to DATA, is not in step with us."""
    is_intermediate = 300 <= reply.code < 400
    if is_intermediate and reply.code != _GO_ON.get(step):
        raise RemoteProtocolError(f"{reply.code} is no answer to {step.name}")
    if step is Step.DATA and reply.is_positive and not is_intermediate:
        raise RemoteProtocolError(f"{reply.code} is no answer to DATA")


def mail_parameters(action: said.SayMail, offered: Capabilities) -> str:
    """With a space before each; LocalProtocolError for what the server must not be asked."""
    _check_offered(action, offered)
    words = {
        f"SIZE={action.size_bytes}": offered.has_size and action.size_bytes,  # RFC 1870 6
        f"BODY={action.body_type}": action.body_type is not BodyType.SEVEN_BIT,
        "SMTPUTF8": action.is_smtputf8,
        f"RET={action.ret}": offered.is_dsn and action.ret is not None,
        f"ENVID={encode_xtext(action.envid)}": offered.is_dsn and action.envid,
        f"BY={action.by}": offered.is_deliver_by and action.by is not None,
        f"MT-PRIORITY={action.priority}": offered.is_priority and action.priority is not None,
        "REQUIRETLS": action.is_tls_required,
    }
    return "".join(f" {word}" for word, is_said in words.items() if is_said)


def _check_offered(action: said.SayMail, offered: Capabilities) -> None:
    body_types = {BodyType.EIGHT_BIT: offered.is_8bit, BodyType.BINARY: offered.is_binary}
    if not body_types.get(action.body_type, True):
        raise LocalProtocolError(f"{action.body_type} is not offered")
    if action.by is not None and action.by.is_return and not offered.can_deliver_by(action.by.seconds):
        raise LocalProtocolError("DELIVERBY is not offered, or not so soon")  # RFC 2852 4.1.4.1
    if action.is_tls_required and not offered.is_requiretls:
        raise LocalProtocolError("REQUIRETLS is not offered")
    if action.is_smtputf8:
        if not offered.is_smtputf8:
            raise LocalProtocolError("SMTPUTF8 is not offered")
    elif action.reverse_path.address is not None and not action.reverse_path.address.is_ascii:
        raise LocalProtocolError("the reverse path needs SMTPUTF8")


def rcpt_parameters(recipient: Recipient, *, is_smtputf8: bool) -> str:
    """RFC 3461 4.1 and 4.2, for a server that announced DSN; ORCPT goes on as it came (RFC 3461 5.2.1)."""
    words: list[str] = []
    if recipient.notify:
        words.append("NOTIFY=" + ",".join(each for each in Notify if each in recipient.notify))
    if recipient.original:
        kind, _, address = recipient.original.partition(";")
        if not is_utf8_type(kind):
            address = encode_xtext(address)
        elif not (is_smtputf8 or address.isascii()):  # RFC 6533 3
            address = encode_utf8_address(address)
        words.append(f"ORCPT={kind};{address}")
    return "".join(f" {word}" for word in words)
