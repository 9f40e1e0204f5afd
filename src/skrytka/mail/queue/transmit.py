"""One connection to another server: greeted, under TLS where it is offered, then message after message.

A server that breaks off, hangs or talks nonsense is TransientError: whoever called may try the next one. After the end
of a message was sent and before its reply came nobody knows who has it: ``is_uncertain``; another server must not be
tried then.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from skrytka.mail.queue.handshake import Handshake
from skrytka.mail.queue.outcome import Fate, Outcome, failed, of_reply
from skrytka.mail.queue.parcel import Parcel, Reader, octets
from skrytka.mail.queue.routes import Hop
from skrytka.model.address import Domain
from skrytka.model.engine import DisconnectedError, TimedOut, TlsFacts, Woken
from skrytka.model.envelope import BodyType, Recipient, TlsWish
from skrytka.model.errors import LocalProtocolError, PermanentError, Reason, RemoteProtocolError, TransientError
from skrytka.model.secret import Secret
from skrytka.net.connection import Connection
from skrytka.protocol.smtp import client_events as said
from skrytka.protocol.smtp.capabilities import Capabilities
from skrytka.protocol.smtp.client import SmtpClient
from skrytka.protocol.smtp.client_states import ClientState
from skrytka.protocol.smtp.peer_reply import PeerReply

QUIT_S: Final = 10.0
END_TIMES: Final = 2  # RFC 5321 4.5.3.2.6: the end of a message may take twice as long to answer as a command
CHUNK_BYTES: Final = 512 * 1024
PIPELINED_BYTES: Final = 64 * 1024  # a message that goes with its envelope, though all recipients may be refused
GO_AHEAD: Final = 354
RECIPIENTS_MAX: Final = 100  # of one transaction (RFC 5321 4.5.3.1.8)
_TOO_MANY: Final = 452  # RFC 5321 4.5.3.1.10


class _Replies(NamedTuple):
    """To the envelope."""

    recipients: list[PeerReply]
    message: PeerReply | None = None  # what decides about the message already
    go_ahead: PeerReply | None = None  # to DATA, if it was said


class HopRefusedError(TransientError):
    """The server does not want this session."""

    def __init__(self, reply: PeerReply) -> None:
        super().__init__(Reason.UNREACHABLE, str(reply))
        self.reply = reply


class Transmitter:
    """See the module. ``open`` first; ``close`` always."""

    def __init__(self, conn: Connection, hop: Hop, hostname: str, handshake: Handshake, reply_s: float = 300.0) -> None:
        self._reply_s = reply_s
        self._conn = conn
        self._hop = hop
        self._name = Domain.parse(hostname)
        self._handshake = handshake
        self._engine = SmtpClient()
        self._events = conn.events(self._engine)
        self.local = conn.local_address
        self.messages = 0
        self.is_uncertain = False
        self.is_usable = False
        self.is_lax = False  # opened for a message whose sender does without TLS

    @property
    def offered(self) -> Capabilities:
        """What the server has said that it can do."""
        return self._engine.capabilities

    @property
    def tls(self) -> TlsFacts | None:
        """None in clear."""
        return self._conn.tls

    @property
    def is_proven(self) -> bool:
        """Whether the server has shown that it is the one that was meant."""
        return self._conn.tls is not None and self._handshake.is_proven

    def fits(self, wish: TlsWish) -> bool:
        """Whether a message may go over it (RFC 8689 4.2.1, 4.2.2)."""
        if wish is TlsWish.REQUIRED:
            return self.is_proven and self.offered.is_requiretls
        return wish is TlsWish.OPTIONAL or not self.is_lax

    # -- the session ----------------------------------------------------------------------------------------------

    async def open(self, login: tuple[str, Secret] | None, *, with_tls: bool) -> None:
        """Greeting, EHLO, STARTTLS, AUTH. TlsFailedError, HopRefusedError or another TransientError.

        PermanentError(MAIL_LOOP) when the server that MX records led to is this one.
        """
        if self._hop.tls == "implicit":
            self._engine.tls_implicit()
            await self._shake_hands()
        greeting = await self._answer()
        if not greeting.is_positive:
            raise HopRefusedError(greeting)
        await self._hello()
        if with_tls and self._hop.tls in {"opportunistic", "required"}:
            await self._start_tls()
        elif self._hop.tls == "never" and self._handshake.is_required:
            raise self._handshake.missing("is never asked for TLS: its route says so")
        if login is not None:
            await self._log_in(*login)
        self.is_usable = True

    async def _hello(self) -> None:
        reply = await self._ask(said.SayHello(self._name))
        if reply.code // 100 == 5:  # RFC 5321 3.2
            reply = await self._ask(said.SayHello(self._name, is_extended=False))
        if not reply.is_positive:
            raise HopRefusedError(reply)
        if not self._hop.is_static and reply.lines[0].lower().split()[:1] == [self._name.name]:
            raise PermanentError(Reason.MAIL_LOOP, f"{self._hop.host} is this server, which does not serve the domain")

    async def _start_tls(self) -> None:
        handshake = self._handshake
        if not self._engine.capabilities.is_starttls:
            if handshake.is_required:
                raise handshake.missing("offers no TLS")
            return
        if not (await self._ask(said.SayStartTls())).is_positive:
            if handshake.is_required:
                raise handshake.missing("refuses TLS")
            return
        self._engine.tls_started(await self._shake_hands())
        await self._hello()

    async def _shake_hands(self) -> TlsFacts:
        try:
            facts = await self._conn.start_tls(self._handshake.pipe())
        except (RemoteProtocolError, DisconnectedError) as exc:
            raise self._handshake.broken(exc) from exc
        self._handshake.check(facts)
        return facts

    async def _log_in(self, name: str, password: Secret) -> None:
        offered = self._engine.capabilities.mechanisms
        mechanism = next((each for each in ("PLAIN", "LOGIN") if each in offered), None)
        if mechanism is None or not self._engine.is_tls:
            raise TransientError(Reason.BAD_CREDENTIALS, f"{self._hop.host} offers no login that we know")
        reply = await self._ask(said.SayAuth(mechanism, name, password))
        while reply.code == 334:
            reply = await self._ask(said.SayResponse())
        if not reply.is_positive:
            raise TransientError(Reason.BAD_CREDENTIALS, f"{self._hop.host} refuses the login")

    async def close(self) -> None:
        """QUIT where that makes sense; the connection is gone afterwards, also when this is cancelled."""
        try:
            if self.is_usable and self._engine.state in {ClientState.READY, ClientState.FAILED}:
                await self._quit()
        finally:
            self.is_usable = False
            self._conn.abort("quit")
        await asyncio.sleep(0)  # the loop frees the socket

    async def _quit(self) -> None:
        with contextlib.suppress(TransientError, DisconnectedError):
            await self._say(said.SayQuit())
            await self._conn.flush()
            await self._answer(QUIT_S / self._reply_s)

    # -- a message ------------------------------------------------------------------------------------------------

    async def send(self, parcel: Parcel, numbers: Sequence[int], reader: Reader) -> dict[int, Outcome]:
        """What became of these recipients. TransientError: the connection is of no use any more."""
        self.is_uncertain = False
        outcomes = self._impossible(parcel, numbers)
        waiting = [number for number in numbers if number not in outcomes]
        most = self._engine.capabilities.recipients_max or RECIPIENTS_MAX
        while waiting:
            group, waiting = waiting[:most], waiting[most:]
            found = await self._transaction(parcel, group, reader)
            outcomes |= found
            if any(outcome.fate is Fate.SENT for outcome in found.values()):
                again = [number for number in group if outcomes[number].text.startswith(f"{_TOO_MANY} ")]
                most = max(1, len(group) - len(again))
                waiting = again + waiting
        return outcomes

    def _impossible(self, parcel: Parcel, numbers: Sequence[int]) -> dict[int, Outcome]:
        """What this server cannot take whatever it says (RFC 6531 3.2, RFC 3030 3, RFC 1870 6.1, RFC 2852 4.1.4.1)."""
        offered, host = self._engine.capabilities, self._hop.host
        verdict: Outcome | None = None
        if parcel.envelope.body_type is BodyType.BINARY and not offered.is_binary:
            verdict = failed("5.6.3", f"{host} does not take binary messages", host)
        elif parcel.needs_smtputf8 and not offered.is_smtputf8:
            verdict = failed("5.6.7", f"{host} does not take internationalised mail", host)
        elif offered.size_bytes and parcel.size > offered.size_bytes:
            verdict = failed("5.3.4", f"{host} takes messages of {offered.size_bytes} octets at most", host)
        elif parcel.by is not None and parcel.by.is_return and not offered.can_deliver_by(parcel.by.seconds):
            what = f"only with {offered.deliver_by_min_s} seconds at least" if offered.is_deliver_by else "by no time"
            verdict = failed("5.3.3", f"{host} promises delivery {what}", host)  # RFC 2852 4.1.4.1
        if verdict is not None:
            return dict.fromkeys(numbers, verdict)
        if offered.is_smtputf8:
            return {}
        unreachable = failed("5.6.7", f"{host} does not take internationalised addresses", host)
        return {number: unreachable for number in numbers if not parcel.recipients[number].address.is_ascii}

    async def _transaction(self, parcel: Parcel, numbers: list[int], reader: Reader) -> dict[int, Outcome]:
        recipients = [parcel.recipients[number] for number in numbers]
        envelope = await self._envelope(parcel, recipients, reader)
        outcomes = {number: self._outcome(reply) for number, reply in zip(numbers, envelope.recipients, strict=True)}
        accepted = [number for number, reply in zip(numbers, envelope.recipients, strict=True) if reply.is_positive]
        final = envelope.message
        if accepted and final is None:
            final = await self._message(parcel, reader, envelope.go_ahead)
        elif not accepted and envelope.go_ahead is not None and envelope.go_ahead.code == GO_AHEAD:
            await self._ask(said.SayEnd())  # RFC 2920 3.1: 354 for nobody
        if accepted and final is not None:
            outcomes |= dict.fromkeys(accepted, self._outcome(final))
            self.messages += 1
        if self.is_usable and self._engine.state is not ClientState.READY:
            await self._ask(said.SayReset())
        return outcomes

    async def _envelope(self, parcel: Parcel, recipients: Iterable[Recipient], reader: Reader) -> _Replies:
        """MAIL and RCPT, and in the same write DATA (RFC 2920 3.1), or a small message whole by BDAT (RFC 3030 2)."""
        offered = self._engine.capabilities
        rcpts = [said.SayRcpt(recipient) for recipient in recipients]
        mail = self._mail(parcel, rcpts)
        if not offered.is_pipelining:
            refusal = await self._ask(mail)
            if not refusal.is_positive:
                return _Replies([refusal] * len(rcpts), refusal)
            return _Replies([await self._ask(rcpt) for rcpt in rcpts])
        await self._say(mail)
        for rcpt in rcpts:
            await self._say(rcpt)
        is_whole = offered.is_chunking and parcel.size <= PIPELINED_BYTES
        if is_whole:
            self.is_uncertain = True
            await self._say(said.SayChunk(b"".join(octets(parcel, reader)), is_last=True))
        elif not offered.is_chunking:
            await self._say(said.SayData())
        refusal = await self._answer()
        replies = [await self._answer() for _ in rcpts]
        last = None if offered.is_chunking and not is_whole else await self._answer(END_TIMES if is_whole else 1)
        self.is_uncertain = False
        if not refusal.is_positive:
            return _Replies([refusal] * len(rcpts), refusal, last)
        return _Replies(replies, last if is_whole else None, None if is_whole else last)

    def _mail(self, parcel: Parcel, rcpts: Sequence[said.SayRcpt]) -> said.SayMail:
        offered, envelope = self._engine.capabilities, parcel.envelope
        body_type = envelope.body_type
        if body_type is BodyType.EIGHT_BIT and not offered.is_8bit:
            body_type = BodyType.SEVEN_BIT  # as it is, and most servers take it
        is_utf8 = parcel.needs_smtputf8 or not all(rcpt.recipient.address.is_ascii for rcpt in rcpts)
        return said.SayMail(
            reverse_path=envelope.reverse_path,
            body_type=body_type,
            is_smtputf8=is_utf8,
            size_bytes=parcel.size,
            ret=envelope.ret,
            envid=envelope.envid,
            by=parcel.by,
            is_tls_required=envelope.tls_wish is TlsWish.REQUIRED and self.fits(TlsWish.REQUIRED),
            priority=envelope.priority or 0,  # RFC 6758 3.2: also where nobody has said one
        )

    async def _message(self, parcel: Parcel, reader: Reader, go_ahead: PeerReply | None) -> PeerReply:
        """By BDAT where it is offered: no octet of the message is looked at on its way."""
        try:
            if self._engine.capabilities.is_chunking:
                return await self._by_chunks(parcel, reader)
            return await self._by_data(parcel, reader, go_ahead or await self._ask(said.SayData()))
        except LocalProtocolError:
            self.is_usable = False
            self._conn.abort("error")
            return PeerReply(550, "5.6.0", ("the message has a bare CR or LF, which this server cannot be given",))

    async def _by_chunks(self, parcel: Parcel, reader: Reader) -> PeerReply:
        held = b""
        for piece in octets(parcel, reader):
            if held and len(held) + len(piece) > CHUNK_BYTES:
                reply = await self._ask(said.SayChunk(held, is_last=False))
                if not reply.is_positive:
                    return reply
                held = b""
            held += piece
        self.is_uncertain = True
        reply = await self._ask(said.SayChunk(held, is_last=True), END_TIMES)
        self.is_uncertain = False
        return reply

    async def _by_data(self, parcel: Parcel, reader: Reader, go_ahead: PeerReply) -> PeerReply:
        if go_ahead.code != GO_AHEAD:
            return go_ahead
        for piece in octets(parcel, reader):
            await self._say(said.SayBody(piece))
        self.is_uncertain = True
        reply = await self._ask(said.SayEnd(), END_TIMES)
        self.is_uncertain = False
        return reply

    def _outcome(self, reply: PeerReply) -> Outcome:
        tls = str(self._conn.tls) if self._conn.tls is not None else ""
        offered = self._engine.capabilities
        return of_reply(reply, self._hop.host, tls, is_dsn=offered.is_dsn, is_deliver_by=offered.is_deliver_by)

    # -- octets ---------------------------------------------------------------------------------------------------

    async def _say(self, action: said.Action) -> None:
        try:
            await self._conn.send(self._engine.send(action))
        except DisconnectedError as exc:
            raise self._lost(f"{self._hop.host} has closed the connection") from exc

    async def _ask(self, action: said.Action, times: float = 1) -> PeerReply:
        await self._say(action)
        return await self._answer(times)

    async def _answer(self, times: float = 1) -> PeerReply:
        """The next reply; so many times the usual patience."""
        self._conn.deadline(self._reply_s * times)
        try:
            async for event in self._events:
                match event:
                    case said.Answered(reply=reply):
                        if reply.code == 421:  # RFC 5321 3.8: it closes after this
                            self.is_usable = False
                        return reply
                    case TimedOut():
                        raise self._lost(f"{self._hop.host} does not answer", Reason.TIMEOUT)
                    case Woken():
                        continue
                    case _:
                        break
        except RemoteProtocolError as exc:
            raise self._lost(f"{self._hop.host} breaks the protocol: {exc}") from exc
        except DisconnectedError:
            pass
        raise self._lost(f"{self._hop.host} has closed the connection")

    def _lost(self, what: str, reason: Reason = Reason.UNREACHABLE) -> TransientError:
        self.is_usable = False
        return TransientError(reason, what)
