"""The IMAP engine, server side: commands are handed out one at a time, each waits for its tagged answer."""

from enum import Enum, auto

from skrytka.model.engine import NEED_DATA, PAUSED, Signal, TlsFacts
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.model.limits import ImapLimits
from skrytka.protocol.imap import actions
from skrytka.protocol.imap.commands import mailboxes, session, table
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.cursor import Cursor
from skrytka.protocol.imap.mailbox_name import BadNameError
from skrytka.protocol.imap.reader import (
    AppendLiteral,
    CommandReader,
    ReaderLimits,
    RefusedCommand,
    WantsLiteral,
    WholeCommand,
    is_append,
)
from skrytka.protocol.imap.states import AFTER, ALLOWED, State
from skrytka.protocol.sasl import base64

BEFORE_LOGIN_BYTES = 16 * 1024  # a stranger's line or literals: enough for any SASL message
_CANCEL = b"*"
_DONE = b"DONE"


class _Phase(Enum):
    """What the next bytes are."""

    COMMAND = auto()
    ANSWER_DUE = auto()  # an event was handed out that waits for its answer
    LITERAL_DUE = auto()  # an answer is due, or a continuation before the literal
    SASL = auto()
    IDLE = auto()
    MESSAGE = auto()  # of APPEND
    BROKEN = auto()


class ImapServer:
    """One connection.

    ``receive`` and ``next_event`` as every engine; :meth:`send` gives bytes and moves the state. Input that comes while
    an answer is due is kept. RemoteProtocolError from :meth:`next_event` means that framing is lost: say BYE.
    """

    def __init__(self, limits: ImapLimits) -> None:
        self._limits = limits
        self._reader = CommandReader(self._reader_limits(is_known=False))
        self.state = State.NOT_AUTHENTICATED
        self._phase = _Phase.COMMAND
        self._tag = ""
        self._command: Command | None = None
        self._is_eof = False
        self._append: AppendLiteral | None = None  # waits for the answer
        self._was_answered = False  # what is left of a command is read for nothing
        self.is_utf8 = False
        """Set by the session after ENABLE IMAP4rev2: mailbox names are UTF-8 from the next command on."""

    def _reader_limits(self, *, is_known: bool) -> ReaderLimits:
        if is_known:
            limits = self._limits
            return ReaderLimits(
                line_bytes=limits.line_bytes,
                literal_bytes=limits.literal_bytes,
                append_bytes=limits.append_bytes,
                non_sync_bytes=limits.literal_bytes,  # RFC 7888: LITERAL+ after login
            )
        size = BEFORE_LOGIN_BYTES
        return ReaderLimits(
            line_bytes=min(size, self._limits.line_bytes),
            literal_bytes=min(size, self._limits.literal_bytes),
            append_bytes=size,
        )

    # -- input

    def receive(self, data: bytes) -> None:
        """Bytes from the client, however cut; ``b""`` is end of file."""
        if data and not self._is_eof:
            self._reader.feed(data)
        elif not data:
            self._is_eof = True

    def next_event(self) -> actions.Event | Signal:
        """The next event; NEED_DATA, or PAUSED while an answer is due."""
        if self._phase in {_Phase.ANSWER_DUE, _Phase.LITERAL_DUE}:
            return PAUSED
        if self._phase is _Phase.BROKEN:
            raise RemoteProtocolError("the connection was given up")
        if self.state is State.LOGOUT:
            return self._at_end()
        try:
            return self._read() or self._at_end()
        except RemoteProtocolError:
            self._phase = _Phase.BROKEN
            raise

    def _at_end(self) -> actions.Event | Signal:
        return actions.Eof() if self._is_eof else NEED_DATA

    def _read(self) -> actions.Event | None:
        if self._phase is _Phase.SASL:
            return self._sasl(self._reader.line())
        if self._phase is _Phase.IDLE:
            return self._idle(self._reader.line())
        if self._phase is _Phase.MESSAGE:
            return self._message()
        while True:
            found = self._reader.next_command()
            if not isinstance(found, AppendLiteral):
                return self._found(found)
            event = self._append_literal(found)
            if event is not None:
                return event

    def _found(self, found: WholeCommand | WantsLiteral | RefusedCommand | None) -> actions.Event | None:
        match found:
            case None:
                return None
            case WantsLiteral(size_bytes=size, first_line=line):
                self._begin(Cursor(line))
                self._phase = _Phase.LITERAL_DUE
                return actions.LiteralWanted(size)
            case RefusedCommand(data=line):
                if self._was_answered:  # a literal that came though its command was refused
                    self._was_answered = False
                    return self._read()
                self._begin(Cursor(line))
                return self._too_large(is_message=is_append(line))
            case WholeCommand(data=data):
                return self._parse(data)

    def _too_large(self, *, is_message: bool) -> actions.Fault:
        """A message is refused for its size (RFC 4469 4.2: NO), any other literal is a fault (RFC 7888 5)."""
        is_refused = is_message and self.state is not State.NOT_AUTHENTICATED
        status = actions.Status.NO if is_refused else actions.Status.BAD
        return actions.Fault("the literal is too large", b"TOOBIG", status)

    # -- APPEND

    def _append_literal(self, found: AppendLiteral) -> actions.Event | None:
        """Its message, unless it is the mailbox name; None when that comes without waiting."""
        cursor = Cursor(found.data, is_utf8=self.is_utf8)
        tag = self._begin(cursor)
        self._append = found
        if self.state is State.NOT_AUTHENTICATED:
            return actions.Fault(f"not possible in {self.state.value} state")
        try:
            cursor.word()
            head = mailboxes.parse_append(cursor)
        except RemoteProtocolError as exc:
            return _fault(exc)
        if head is not None:
            self._command = head
            return actions.Request(tag, head)
        self._append = None
        if found.size_bytes > self._limits.literal_bytes:
            self._append = found
            return self._too_large(is_message=False)
        if found.is_sync:
            self._phase = _Phase.LITERAL_DUE
            return actions.LiteralWanted(found.size_bytes)
        self._phase = _Phase.COMMAND
        self._reader.accept()
        return None

    def _message(self) -> actions.Event | None:
        data = self._reader.chunk()
        if data:
            return actions.AppendChunk(data)
        if data is None:
            return None
        is_utf8 = isinstance(self._command, mailboxes.Append) and self._command.is_utf8
        is_whole = self._reader.tail(b")" if is_utf8 else b"")
        if is_whole is None:
            return None
        self._phase = _Phase.ANSWER_DUE
        if is_whole:
            return actions.AppendEnd()
        self._was_answered = True
        return actions.Fault("APPEND ends behind its message")  # RFC 3502 is not offered

    def _begin(self, cursor: Cursor) -> str:
        """Read the tag, from here on an answer is due; "" if there is no tag."""
        self._phase = _Phase.ANSWER_DUE
        self._command = None
        self._tag = ""
        try:
            tag = cursor.tag()
            cursor.space()
        except RemoteProtocolError:
            return ""
        self._tag = tag
        return tag

    def _parse(self, data: bytes) -> actions.Event:
        cursor = Cursor(data, is_utf8=self.is_utf8)
        tag = self._begin(cursor)
        if not tag:
            return actions.Fault("a command begins with a tag and a space")
        try:
            command = table.parse(cursor)
        except RemoteProtocolError as exc:
            return _fault(exc)
        if type(command) not in ALLOWED[self.state]:
            return actions.Fault(f"not possible in {self.state.value} state")
        self._command = command
        return actions.Request(tag, command)

    def _sasl(self, line: bytes | None) -> actions.Event | None:
        if line is None:
            return None
        self._phase = _Phase.ANSWER_DUE
        if line == _CANCEL:
            return actions.SaslResponse(None)
        try:
            return actions.SaslResponse(base64.decode(line))
        except RemoteProtocolError as exc:
            return actions.Fault(str(exc))

    def _idle(self, line: bytes | None) -> actions.Event | None:
        if line is None:
            return None
        self._phase = _Phase.ANSWER_DUE
        return actions.IdleDone(is_clean=line.upper() == _DONE)

    # -- output

    def send(self, action: actions.Action) -> bytes:
        """Bytes for the client; LocalProtocolError if the action is not allowed now."""
        if self.state is State.LOGOUT:
            raise LocalProtocolError("nothing follows BYE and the answer to LOGOUT")
        match action:
            case actions.Untagged(data=data):
                return data
            case actions.Tagged():
                return self._tagged(action)
            case actions.Continue(text=text):
                return self._continue(text)
            case actions.Greeting(text=words, code=code):
                return _line(b"* OK", words, code)
            case actions.Bye(text=words, code=code):
                return self._bye(words, code)

    def _bye(self, text: str, code: bytes) -> bytes:
        if not isinstance(self._command, session.Logout):  # there the tagged answer follows
            self.state = State.LOGOUT
            self._phase = _Phase.COMMAND
        return _line(b"* BYE", text, code)

    def _tagged(self, action: actions.Tagged) -> bytes:
        if self._phase not in {_Phase.ANSWER_DUE, _Phase.LITERAL_DUE}:
            raise LocalProtocolError("no command waits for an answer")
        if self._phase is _Phase.LITERAL_DUE:
            self._reader.refuse()
        elif self._append is not None:
            self._was_answered = not self._append.is_sync
            self._reader.refuse()
            self._append = None
        self._phase = _Phase.COMMAND
        after = AFTER.get(type(self._command)) if self._command is not None else None
        if after is not None and action.status is not actions.Status.BAD:
            self._move(after[action.status is actions.Status.NO])
        self._command = None
        return _line(b"%b %b" % (self._tag.encode() or b"*", action.status.value), action.text, action.code)

    def _move(self, state: State | None) -> None:
        if state is None:
            return
        if self.state is State.NOT_AUTHENTICATED and state is State.AUTHENTICATED:
            self._reader.limits = self._reader_limits(is_known=True)
        self.state = state

    def _continue(self, text: bytes) -> bytes:
        if self._phase is _Phase.ANSWER_DUE and self._append is not None and self._command is not None:
            is_sync, self._append = self._append.is_sync, None
            self._reader.stream()
            self._phase = _Phase.MESSAGE
            return b"+ %b\r\n" % text if is_sync else b""
        if self._phase is _Phase.LITERAL_DUE:
            self._reader.accept()
            self._phase = _Phase.COMMAND
        elif self._phase is _Phase.ANSWER_DUE and isinstance(self._command, session.Authenticate):
            self._phase = _Phase.SASL
        elif self._phase is _Phase.ANSWER_DUE and isinstance(self._command, session.Idle):
            self._phase = _Phase.IDLE
        else:
            raise LocalProtocolError("nobody waits for a continuation")
        return b"+ %b\r\n" % text

    def mailbox_closed(self) -> None:
        """The selected mailbox is no more, and the client was told (RFC 9051 3, unsolicited CLOSED)."""
        if self.state is State.SELECTED:
            self.state = State.AUTHENTICATED

    def tls_started(self, tls: TlsFacts) -> None:
        """RFC 9051 6.2.1: whatever came in clear text behind STARTTLS is dropped."""
        if self._phase is not _Phase.COMMAND or self.state is not State.NOT_AUTHENTICATED:
            raise LocalProtocolError("TLS starts behind the answer to STARTTLS")
        self._reader.clear()


def _fault(exc: RemoteProtocolError) -> actions.Fault:
    """What is wrong with a command. A name that no mailbox can have is no wrong syntax (RFC 9051 6.3.4: NO)."""
    if isinstance(exc, BadNameError):
        return actions.Fault(str(exc), b"CANNOT", actions.Status.NO)
    return actions.Fault(str(exc))


def _line(start: bytes, text: str, code: bytes) -> bytes:
    if code:
        return b"%b [%b] %b\r\n" % (start, code, text.encode())
    return b"%b %b\r\n" % (start, text.encode())
