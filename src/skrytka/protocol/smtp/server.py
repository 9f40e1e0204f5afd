"""The receiving side of SMTP as an engine: RFC 5321 with the extensions of ``extensions``.

Guarantees: a command is answered once and in order, pipelined input waits for it; only the state table of ``states``
says what may follow what; after a refusal of the engine (size, bare newline) nothing positive can be sent.
"""

from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from skrytka.model import reply as replies
from skrytka.model.address import Domain
from skrytka.model.engine import NEED_DATA, PAUSED, Signal, TlsFacts
from skrytka.model.envelope import BodyType
from skrytka.model.errors import LocalProtocolError
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.protocol.smtp import command as commands
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.authentication import parse_auth, parse_response
from skrytka.protocol.smtp.events import Event
from skrytka.protocol.smtp.extensions import DEFAULT_EXTENSIONS, DEFAULT_LENIENCY, Extensions, Leniency
from skrytka.protocol.smtp.lines import CRLF, Input, LineFault
from skrytka.protocol.smtp.owed import OwedReply
from skrytka.protocol.smtp.parameters import CommandError
from skrytka.protocol.smtp.receiver import MessageReceiver
from skrytka.protocol.smtp.states import AFTER_REFUSAL, NEXT, State, Verb
from skrytka.protocol.smtp.terms import Terms
from skrytka.protocol.smtp.transaction import Transaction

_LINE_FAULTS: Final = {
    LineFault.BARE_NEWLINE: events.Fault(replies.BARE_NEWLINE_COMMAND),
    LineFault.TOO_LONG: events.Fault(replies.LINE_TOO_LONG),
    LineFault.ENDLESS: events.Fault(replies.LINE_TOO_LONG, is_fatal=True),
}
_NEED_HELLO: Final = frozenset({Verb.MAIL, Verb.RCPT, Verb.DATA, Verb.BDAT, Verb.STARTTLS, Verb.AUTH})
_ENDS_TRANSACTION: Final = frozenset({Verb.EHLO, Verb.HELO, Verb.RSET, Verb.END})
_HELLOS: Final = frozenset({Verb.EHLO, Verb.HELO})
_CHALLENGE: Final = 334
_CLOSING: Final = 421  # RFC 5321 3.8: allowed at any time


class SmtpServer:
    """One session. First the greeting is owed: send it, then feed and ask for events."""

    def __init__(
        self,
        limits: SmtpLimits,
        hostname: str,
        extensions: Extensions = DEFAULT_EXTENSIONS,
        leniency: Leniency = DEFAULT_LENIENCY,
    ) -> None:
        self._terms = Terms(hostname, Domain.parse(hostname), limits, extensions, leniency)
        self._limits = limits
        self._extensions = extensions
        self._state = State.CONNECTED
        self._input = Input()
        self._is_eof = False
        self._is_tls = False
        self._is_authenticated = False
        self._line_max = self._terms.line_max
        self._owed = OwedReply()
        # Counters of the session
        self._commands = 0
        self._errors = 0
        self._mails = 0
        self._rules = self._new_rules(is_extended=False)
        self._transaction = Transaction()
        self._skip = 0  # octets of a chunk that nobody wants
        self._after_skip = replies.BAD_SEQUENCE

    @property
    def state(self) -> State:
        """Where the session stands; for tests and for the session's own record."""
        return self._state

    @property
    def errors(self) -> int:
        """How many 5xx replies were given."""
        return self._errors

    @property
    def is_authenticated(self) -> bool:
        """Whether a login was answered 235."""
        return self._is_authenticated

    # -- what the session does ------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Feed what was read; ``b""`` is end of file."""
        if not data:
            self._is_eof = True
        elif self._state is not State.CLOSED:
            self._input.feed(data)

    def next_event(self) -> Event | Signal:
        """The next event. Never raises for what the peer sent."""
        if self._state is State.CLOSED:
            return events.Eof()
        if self._owed.is_owed or self._state is State.TLS:
            return PAUSED
        if self._skip:
            return self._skip_octets()
        message = self._transaction.message
        if message is not None and self._state in {State.DATA, State.CHUNK}:
            return self._message_event(message)
        return self._next_command()

    def send(self, reply: Reply) -> bytes:
        """The one reply to the event that waits; 421 at any time. LocalProtocolError for anything else."""
        if self._state is State.CLOSED:
            raise LocalProtocolError("the session is closed")
        if reply.code == _CLOSING:
            self._close()
            return reply.encode()
        self._owed.settle(reply)
        if reply.code >= 500:  # a 4xx is no fault of the peer: greylisting, 452 for many recipients
            self._errors += 1
        if self._owed.is_fatal:
            self._close()
        elif self._owed.verb is not None:
            self._move(Verb.CHALLENGE if reply.code == _CHALLENGE else self._owed.verb, reply)
        return reply.encode()

    def tls_started(self, tls: TlsFacts) -> None:
        """All that was received or known in the clear is forgotten (RFC 3207 4.2, CVE-2011-0411)."""
        if self._state is not State.TLS:
            raise LocalProtocolError("no STARTTLS was accepted")
        self._input.clear()
        self._is_tls = True
        self._state = State.HELLO
        self._rules = self._new_rules(is_extended=False)
        self._transaction = Transaction()

    def offer(self, mechanisms: tuple[str, ...]) -> None:
        """What EHLO names from now on, after a handshake for instance."""
        self._terms = msgspec.structs.replace(
            self._terms, extensions=msgspec.structs.replace(self._terms.extensions, mechanisms=mechanisms)
        )

    def tls_implicit(self) -> None:
        """The connection began with TLS; before the greeting."""
        if self._state is not State.CONNECTED:
            raise LocalProtocolError("the session has begun")
        self._is_tls = True

    # -- replies --------------------------------------------------------------------------------------------------

    def _move(self, verb: Verb, reply: Reply) -> None:
        """The state after the reply, by the table."""
        before = self._state
        if reply.code >= 400:
            self._state = AFTER_REFUSAL.get((before, verb), before)
            if verb is Verb.END:
                self._transaction = Transaction()
            return
        self._state = NEXT[before][verb]
        if verb is Verb.MAIL:
            self._transaction = Transaction(mail=self._transaction.offered)
        elif verb is Verb.DATA:
            self._new_message().begin_data()
        elif verb is Verb.AUTH:
            self._is_authenticated = True
        elif verb in _ENDS_TRANSACTION:
            self._transaction = Transaction()
            if verb in _HELLOS:
                self._rules = self._new_rules(is_extended=verb is Verb.EHLO)

    def _close(self) -> None:
        self._state = State.CLOSED
        self._input.clear()

    def _new_rules(self, *, is_extended: bool) -> commands.Rules:
        return self._terms.rules(is_extended=is_extended, is_tls=self._is_tls)

    def _wait(self, verb: Verb, event: Event, *, must_refuse: bool = False) -> Event:
        """Hand out an event and take nothing else before its reply."""
        self._owed.owe(verb, must_refuse=must_refuse)
        return event

    def _fault(self, reply: Reply, *, is_fatal: bool = False) -> Event:
        self._owed.owe(None, must_refuse=True, is_fatal=is_fatal)
        return events.Fault(reply, is_fatal)

    # -- commands -------------------------------------------------------------------------------------------------

    def _next_command(self) -> Event | Signal:
        if self._errors >= self._limits.errors:
            return self._fault(replies.TOO_MANY_ERRORS, is_fatal=True)
        raw = self._input.line(self._line_max)
        if raw is None:
            return events.Eof(is_in_message=self._transaction.message is not None) if self._is_eof else NEED_DATA
        self._commands += 1
        if self._commands > self._limits.commands:
            return self._fault(replies.TOO_MANY_COMMANDS, is_fatal=True)
        if isinstance(raw, LineFault):
            fault = _LINE_FAULTS[raw]
            if self._state is State.AUTH:  # RFC 4954 4: it fails the exchange
                self._state = State.READY
            return self._fault(fault.reply, is_fatal=fault.is_fatal)
        return self._take_line(raw)

    def _take_line(self, raw: bytes) -> Event | Signal:
        try:
            if self._state is State.AUTH:
                return self._on_response(raw)
            verb, argument = commands.parse_line(raw)
            if len(raw) + len(CRLF) > self._limits.command_line_bytes and verb is not Verb.AUTH:
                raise CommandError(replies.LINE_TOO_LONG)
            if verb is Verb.BDAT:
                return self._on_bdat(argument)
            if verb not in NEXT[self._state]:
                raise CommandError(self._out_of_order(verb))
            return self._HANDLERS[verb](self, argument)
        except CommandError as error:
            return self._fault(error.reply, is_fatal=commands.is_hopeless(raw))

    def _out_of_order(self, verb: Verb) -> Reply:
        """Why a verb is not in the row of this state."""
        if (refusal := self._terms.not_offered(verb)) is not None:
            return refusal
        if self._state is State.HELLO and verb in _NEED_HELLO:
            return replies.HELLO_FIRST
        if self._state is State.MAIL and verb in {Verb.DATA, Verb.BDAT} and self._transaction.recipients:
            return replies.NO_VALID_RECIPIENTS  # RFC 5321 3.3
        if self._state is State.BDAT and verb is Verb.DATA:
            self._state = State.FAILED  # RFC 3030 2: only RSET goes on
        return replies.BAD_SEQUENCE

    def _check_offered(self, verb: Verb) -> None:
        if (refusal := self._terms.not_offered(verb)) is not None:
            raise CommandError(refusal)

    def _hello(self, argument: str, *, is_extended: bool) -> Event:
        name = commands.parse_hello(argument)
        reply = self._terms.hello(is_extended=is_extended, is_tls=self._is_tls)
        return self._wait(Verb.EHLO if is_extended else Verb.HELO, events.Hello(name, is_extended, reply))

    def _on_ehlo(self, argument: str) -> Event:
        return self._hello(argument, is_extended=True)

    def _on_helo(self, argument: str) -> Event:
        return self._hello(argument, is_extended=False)

    def _on_mail(self, argument: str) -> Event:
        self._mails += 1  # RFC 9422 4.1: counted whether they succeed or not
        if self._mails > self._limits.messages:
            return self._fault(replies.TOO_MANY_MESSAGES, is_fatal=True)
        if self._extensions.is_auth_required and not self._is_authenticated:
            raise CommandError(replies.AUTH_REQUIRED if self._is_tls else replies.TLS_REQUIRED)
        self._transaction.offered = mail = commands.parse_mail(argument, self._rules)
        return self._wait(Verb.MAIL, mail)

    def _on_rcpt(self, argument: str) -> Event:
        transaction = self._transaction
        transaction.recipients += 1  # RFC 9422 4.2: all RCPT commands of the transaction
        if transaction.recipients > self._limits.recipients:
            raise CommandError(replies.TOO_MANY_RECIPIENTS)
        rcpt = commands.parse_rcpt(argument, self._rules, is_smtputf8=transaction.is_smtputf8)
        return self._wait(Verb.RCPT, rcpt)

    def _on_data(self, argument: str) -> Event:
        commands.no_argument(argument)
        if self._transaction.body_type is BodyType.BINARY:
            raise CommandError(replies.BINARY_NEEDS_BDAT)
        return self._wait(Verb.DATA, events.DataStart())

    def _on_rset(self, argument: str) -> Event:
        commands.no_argument(argument)
        return self._wait(Verb.RSET, events.Reset(replies.RESET))

    def _on_noop(self, _argument: str) -> Event:
        return self._wait(Verb.NOOP, events.Routine(replies.OK))

    def _on_help(self, _argument: str) -> Event:
        return self._wait(Verb.HELP, events.Routine(replies.HELP))

    def _on_vrfy(self, argument: str) -> Event:
        if not argument:
            raise CommandError(replies.BAD_SYNTAX)
        return self._wait(Verb.VRFY, events.Routine(replies.VRFY))

    def _on_expn(self, _argument: str) -> Event:
        raise CommandError(replies.NOT_IMPLEMENTED)  # RFC 5321 7.3: lists are not disclosed

    def _on_starttls(self, argument: str) -> Event:
        self._check_offered(Verb.STARTTLS)
        commands.no_argument(argument)
        if self._is_tls:
            raise CommandError(replies.BAD_SEQUENCE)  # RFC 3207 4.2
        return self._wait(Verb.STARTTLS, events.StartTls())

    def _on_auth(self, argument: str) -> Event:
        self._check_offered(Verb.AUTH)
        if not self._is_tls:
            raise CommandError(replies.AUTH_NEEDS_TLS)
        if self._is_authenticated:
            raise CommandError(replies.BAD_SEQUENCE)  # RFC 4954 4: once a session
        return self._wait(Verb.AUTH, parse_auth(argument))

    def _on_response(self, raw: bytes) -> Event:
        """A line of SASL; a wrong one ends the exchange."""
        try:
            return self._wait(Verb.AUTH, parse_response(raw))
        except CommandError:
            self._state = State.READY
            raise

    def _on_quit(self, argument: str) -> Event:
        commands.no_argument(argument)
        return self._wait(Verb.QUIT, events.Quit(replies.BYE))

    # -- the message ----------------------------------------------------------------------------------------------

    def _new_message(self) -> MessageReceiver:
        is_8bit_accepted = self._terms.leniency.is_undeclared_8bit_accepted
        return self._transaction.begin_message(self._limits, is_8bit_accepted=is_8bit_accepted)

    def _on_bdat(self, argument: str) -> Event | Signal:
        """RFC 3030 2. Without a size nobody knows where the next command begins: the connection ends."""
        try:
            bdat = commands.parse_bdat(argument)
        except CommandError as error:
            return self._fault(error.reply, is_fatal=True)
        message = self._transaction.message
        if Verb.BDAT not in NEXT[self._state] or not self._rules.is_extended:
            if bdat.octets > self._limits.message_bytes:
                return self._fault(replies.TOO_LARGE, is_fatal=True)
            self._skip = bdat.octets
            self._after_skip = self._out_of_order(Verb.BDAT)
            return self._skip_octets()
        if message is None:
            message = self._new_message()
        if not message.may_begin(bdat.octets):
            return self._fault(replies.TOO_LARGE, is_fatal=True)
        self._state = NEXT[self._state][Verb.BDAT]
        message.begin_chunk(bdat.octets, is_last=bdat.is_last)
        return self._message_event(message)

    def _skip_octets(self) -> Event | Signal:
        """A chunk that came out of order is taken whole before it is refused (RFC 3030 2)."""
        octets = len(self._input.take(self._skip))
        self._skip -= octets
        if not self._skip:
            return self._fault(self._after_skip)
        if octets:
            return events.BodyDropped(octets)
        return events.Eof(is_in_message=True) if self._is_eof else NEED_DATA

    def _message_event(self, message: MessageReceiver) -> Event | Signal:
        if not message.is_complete:
            event = message.take(self._input)
            if message.is_endless:
                return self._fault(replies.TOO_LARGE, is_fatal=True)
            if event is not None:
                return event
        if message.is_complete:
            return self._message_end(message)
        return events.Eof(is_in_message=True) if self._is_eof else NEED_DATA

    def _message_end(self, message: MessageReceiver) -> Event:
        refusal = message.refusal
        if message.is_last:
            return self._wait(Verb.END, events.BodyEnd(message.total, refusal), must_refuse=refusal is not None)
        return self._wait(Verb.CHUNK, events.ChunkEnd(refusal), must_refuse=refusal is not None)

    _HANDLERS: ClassVar[dict[Verb, Callable[..., Event | Signal]]] = {
        Verb.EHLO: _on_ehlo,
        Verb.HELO: _on_helo,
        Verb.MAIL: _on_mail,
        Verb.RCPT: _on_rcpt,
        Verb.DATA: _on_data,
        Verb.RSET: _on_rset,
        Verb.NOOP: _on_noop,
        Verb.HELP: _on_help,
        Verb.VRFY: _on_vrfy,
        Verb.EXPN: _on_expn,
        Verb.STARTTLS: _on_starttls,
        Verb.AUTH: _on_auth,
        Verb.QUIT: _on_quit,
    }
