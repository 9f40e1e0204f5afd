"""Mechanisms in real sessions of IMAP and submission, with the real directory; and what ends a session that is open."""

import asyncio
import base64
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from skrytka.mail.identity.bearers import Bearer
from skrytka.mail.identity.controls import Controls
from skrytka.mail.identity.open_sessions import OpenSessions
from skrytka.mail.identity.rights import SenderRights
from skrytka.mail.queue.waiting import WaitingMail
from skrytka.model.events import LoginFailed
from skrytka.model.limits import ImapLimits, SmtpLimits
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.net.tls import CertificateFiles, TlsStore, asking_server_context
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap
from skrytka.servers.submission import serve_submission
from skrytka.servers.submission_deps import SubmissionDeps
from skrytka.store.commands import RemoveAppPasswords
from tests.support.certificates import ClientAuthority, write_certificate
from tests.support.outside import Outside
from tests.support.scram_client import ScramClient
from tests.unit.mail.identity.programs_world import ALICE, Programs
from tests.unit.mail.world import ACTOR, HOSTNAME, PASSWORD, World
from tests.unit.net.harness import client_context, make_store, serving

SETTINGS: Final = LoginSettings(is_scram_announced=True)
WAIT_S: Final = 30.0


def b64(raw: bytes | str) -> str:
    return base64.b64encode(raw.encode() if isinstance(raw, str) else raw).decode()


class Peer:
    """A client that speaks lines, of either protocol."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_imap: bool) -> None:
        self._reader = reader
        self._writer = writer
        self.is_imap = is_imap

    async def line(self) -> str:
        async with asyncio.timeout(WAIT_S):
            return (await self._reader.readline()).decode().rstrip("\r\n")

    async def say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\r\n")
        await self._writer.drain()

    async def ask(self, text: str) -> str:
        """The last line of the answer."""
        await self.say(text)
        while True:
            line = await self.line()
            if self.is_imap and line.startswith("* "):
                continue
            if not self.is_imap and line[3:4] == "-":
                continue
            return line

    async def auth(self, mechanism: str, *messages: str) -> list[str]:
        """What the server said to each message; the first one goes with the command."""
        command = "a AUTHENTICATE" if self.is_imap else "AUTH"
        found = [await self.ask(f"{command} {mechanism}" + (f" {messages[0]}" if messages else ""))]
        for message in messages[1:]:
            found.append(await self.ask(message))  # noqa: PERF401 - one after the other
        return found

    async def scram(self, name: str, password: str, mechanism: str = "SCRAM-SHA-256") -> tuple[str, bool]:
        """The last answer, and whether the server has proven itself."""
        client = ScramClient(name, password, b"c" * 18)
        (first,) = await self.auth(mechanism, b64(client.first()))
        final = await self.ask(b64(client.final(base64.b64decode(self.challenge(first)))))
        if self.is_refused(final):
            return final, False
        is_server = client.accepts(base64.b64decode(self.challenge(final)))
        return await self.ask(""), is_server

    def challenge(self, line: str) -> str:
        assert line.startswith("+ " if self.is_imap else "334 "), line
        return line.partition(" ")[2]

    def is_in(self, line: str) -> bool:
        return line.startswith("a OK" if self.is_imap else "235 ")

    def is_refused(self, line: str) -> bool:
        return line.startswith("a NO [AUTHENTICATIONFAILED]" if self.is_imap else "535 5.7.8")

    def is_bad(self, line: str) -> bool:
        return line.startswith("a BAD" if self.is_imap else "501 5.")

    async def end(self) -> str:
        """What the server says before it closes."""
        last = ""
        while line := await self.line():
            last = line
        return last


class Port:
    """Both services over one world."""

    def __init__(self, world: World, programs: Programs, sessions: OpenSessions, ports: dict[bool, int]) -> None:
        self.world = world
        self.programs = programs
        self.sessions = sessions
        self._ports = ports
        self._writers: list[asyncio.StreamWriter] = []

    async def peer(self, *, is_imap: bool, context: ssl.SSLContext | None = None) -> Peer:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self._ports[is_imap], ssl=context or client_context(), server_hostname="mail.example.test"
        )
        self._writers.append(writer)
        peer = Peer(reader, writer, is_imap=is_imap)
        if not await peer.line():
            raise ConnectionResetError
        if not is_imap:
            await peer.ask("EHLO client.example.org")
        return peer

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def listening(
    folder: Path, settings: LoginSettings = SETTINGS, tls: TlsStore | None = None
) -> AsyncIterator[Port]:
    world = World(folder / "mail")
    await world.ready()
    programs, sessions = Programs(world), OpenSessions(world.store)
    limits = LocalLimits(LimitTable(world.clock))
    imap = ImapDeps(
        identity=programs.identity, sessions=sessions, random=world.random, mailboxes=world.shared,
        appends=world.shared_appends, inspector=world.inspector, events=world.events, clock=world.clock,
        limits=ImapLimits(), hostname=HOSTNAME, login=settings,
    )  # fmt: skip
    smtp = SubmissionDeps(
        recipients=world.directory, delivery=Outside(world, 1).delivery, events=world.events, clock=world.clock,
        random=world.random, limits=SmtpLimits(), hostname=HOSTNAME, identity=programs.identity,
        rights=SenderRights(world.store, programs.credentials), inspector=world.inspector, sending=limits,
        waiting=WaitingMail(world.store, world.clock), sessions=sessions, login=settings,
    )  # fmt: skip
    running = asyncio.ensure_future(sessions.run())
    tls = tls or make_store(folder)
    try:
        async with (
            serving(lambda conn: serve_imap(conn, imap), tls=tls, is_implicit_tls=True, name="imaps") as one,
            serving(
                lambda conn: serve_submission(conn, smtp), tls=tls, is_implicit_tls=True, name="submissions"
            ) as two,
        ):
            port = Port(world, programs, sessions, {True: one.port, False: two.port})
            yield port
            await port.close()
    finally:
        running.cancel()
        await world.close()


Talk = Callable[[Port, bool], Awaitable[None]]
BOTH: Final = pytest.mark.parametrize("is_imap", [True, False], ids=["imap", "smtp"])


@BOTH
async def test_an_app_password_and_scram_open(tmp_path: Path, is_imap: bool) -> None:
    async with listening(tmp_path) as port:
        typed = await port.programs.add()
        peer = await port.peer(is_imap=is_imap)
        (answer,) = await peer.auth("PLAIN", b64(f"\0{ALICE}\0{typed}"))
        assert peer.is_in(answer)
        peer = await port.peer(is_imap=is_imap)
        answer, is_server = await peer.scram(str(ALICE), typed)
        assert peer.is_in(answer)
        assert is_server


@BOTH
async def test_scram_with_anything_else_is_refused_and_the_session_goes_on(tmp_path: Path, is_imap: bool) -> None:
    async with listening(tmp_path) as port:
        await port.programs.add()
        peer = await port.peer(is_imap=is_imap)
        for name, password in ((str(ALICE), PASSWORD.reveal().decode()), ("nobody@example.test", "abcd")):
            answer, _ = await peer.scram(name, password)
            assert peer.is_refused(answer)
        (asked,) = await peer.auth("SCRAM-SHA-256")
        assert peer.challenge(asked) == ""
        assert peer.is_bad(await peer.ask("*"))
        assert peer.is_bad((await peer.auth("SCRAM-SHA-256", b64("n,,")))[0])
        (answer,) = await peer.auth("PLAIN", b64(f"\0{ALICE}\0{PASSWORD.reveal().decode()}"))
        assert peer.is_in(answer)


@BOTH
async def test_a_token_opens_and_a_wrong_one_is_told_why(tmp_path: Path, is_imap: bool) -> None:
    async with listening(tmp_path) as port:
        port.programs.tokens.rights = frozenset({"imap", "smtp"})
        port.programs.tokens.known[b"good"] = Bearer(ALICE, b"grant", port.world.clock.now_ms() + 60_000)
        peer = await port.peer(is_imap=is_imap)
        asked, answer = await peer.auth("OAUTHBEARER", b64(f"n,a={ALICE},\x01auth=Bearer bad\x01\x01"), b64("\x01"))
        told = base64.b64decode(peer.challenge(asked))
        assert told == b'{"status":"invalid_token","scope":"%b"}' % (b"imap" if is_imap else b"smtp")
        assert peer.is_refused(answer)
        asked, answer = await peer.auth("XOAUTH2", b64(f"user={ALICE}\x01auth=Bearer bad\x01\x01"), "")
        assert b'"status":"401"' in base64.b64decode(peer.challenge(asked))
        assert peer.is_refused(answer)
        (answer,) = await peer.auth("XOAUTH2", b64(f"user={ALICE}\x01auth=Bearer good\x01\x01"))
        assert peer.is_in(answer)
        peer = await port.peer(is_imap=is_imap)
        (asked,) = await peer.auth("OAUTHBEARER")
        answer = await peer.ask(b64("n,,\x01auth=Bearer good\x01\x01"))
        assert peer.challenge(asked) == ""
        assert peer.is_in(answer)


@BOTH
async def test_what_cannot_be_used_is_not_taken(tmp_path: Path, is_imap: bool) -> None:
    async with listening(tmp_path) as port:
        peer = await port.peer(is_imap=is_imap)
        unknown = "a NO [CANNOT]" if is_imap else "504 5.5.4"
        for mechanism in ("EXTERNAL", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "CRAM-MD5", "GSSAPI"):
            assert (await peer.auth(mechanism, "="))[0].startswith(unknown), mechanism


@BOTH
async def test_nobody_acts_for_another(tmp_path: Path, is_imap: bool) -> None:
    async with listening(tmp_path) as port:
        typed = await port.programs.add()
        peer = await port.peer(is_imap=is_imap)
        (answer,) = await peer.auth("PLAIN", b64(f"bob@example.test\0{ALICE}\0{typed}"))
        assert answer.startswith("a NO [AUTHORIZATIONFAILED]" if is_imap else "535 5.7.8")
        event = port.world.events.events[-1]
        assert isinstance(event, LoginFailed)
        assert event.reason == "not_permitted"


async def mechanisms(peer: Peer) -> set[str]:
    if not peer.is_imap:
        await peer.say("EHLO client.example.org")
        offered = ""
        while (line := await peer.line())[3] == "-":
            offered = line if line[4:].startswith("AUTH ") else offered
        return set((offered or line)[4:].split()[1:])
    await peer.say("a CAPABILITY")
    line = await peer.line()
    await peer.line()
    return {word[5:] for word in line.split() if word.startswith("AUTH=")}


@pytest.mark.parametrize("is_scram", [True, False])
async def test_only_what_is_of_use_is_announced(tmp_path: Path, is_scram: bool) -> None:
    async with listening(tmp_path, LoginSettings(is_scram_announced=is_scram)) as port:
        expected = {"PLAIN", "OAUTHBEARER", "XOAUTH2"} | ({"SCRAM-SHA-256"} if is_scram else set())
        assert await mechanisms(await port.peer(is_imap=True)) == expected
        assert await mechanisms(await port.peer(is_imap=False)) == expected | {"LOGIN"}


# -- what TLS knows ---------------------------------------------------------------------------------------------------


def showing(folder: Path, pair: tuple[bytes, bytes]) -> ssl.SSLContext:
    """A client with a certificate."""
    (folder / "client.pem").write_bytes(b"".join(pair))
    context = client_context()
    context.load_cert_chain(folder / "client.pem")
    return context


async def is_cut(coming: Awaitable[Peer]) -> bool:
    """Whether nothing was said on the connection: in TLS 1.3 a client hears of it behind its handshake."""
    try:
        peer = await coming
        return await peer.line() == ""
    except (ssl.SSLError, ConnectionError):
        return True


@BOTH
async def test_a_certificate_opens_whose_it_is(tmp_path: Path, is_imap: bool) -> None:
    authority = ClientAuthority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    files = [CertificateFiles(*write_certificate(tmp_path, "localhost"))]
    tls = TlsStore(files, partial(asking_server_context, tmp_path / "authority.pem"))
    async with listening(tmp_path, tls=tls) as port:
        context = showing(tmp_path, authority.issue(str(ALICE)))
        peer = await port.peer(is_imap=is_imap, context=context)
        assert "EXTERNAL" in await mechanisms(peer)
        assert peer.is_refused((await peer.auth("EXTERNAL", b64("bob@example.test")))[0])
        assert peer.is_in((await peer.auth("EXTERNAL", "="))[0])
        peer = await port.peer(is_imap=is_imap)
        assert "EXTERNAL" not in await mechanisms(peer)
        other = showing(tmp_path, ClientAuthority().issue(str(ALICE)))
        assert await is_cut(port.peer(is_imap=is_imap, context=other))


@BOTH
async def test_scram_is_bound_to_our_certificate(tmp_path: Path, is_imap: bool) -> None:
    settings = LoginSettings(is_scram_announced=True, is_scram_plus_announced=True)
    files = CertificateFiles(*write_certificate(tmp_path, "localhost"))
    end_point = hashlib.sha256(ssl.PEM_cert_to_DER_cert(files.certificate.read_text())).digest()
    async with listening(tmp_path, settings, TlsStore([files])) as port:
        typed = await port.programs.add()
        for binding, is_right in ((end_point, True), (b"x" * 32, False)):
            peer = await port.peer(is_imap=is_imap)
            assert "SCRAM-SHA-256-PLUS" in await mechanisms(peer)
            client = ScramClient(str(ALICE), typed, b"c" * 18, flag="p=tls-server-end-point", binding=binding)
            (first,) = await peer.auth("SCRAM-SHA-256-PLUS", b64(client.first()))
            final = await peer.ask(b64(client.final(base64.b64decode(peer.challenge(first)))))
            if is_right:
                assert client.accepts(base64.b64decode(peer.challenge(final)))
                assert peer.is_in(await peer.ask(""))
            else:
                assert peer.is_bad(final)


# -- sessions that are open -------------------------------------------------------------------------------------------


async def revoke(port: Port) -> None:
    account = await port.world.account("alice")
    await port.world.store.submit(RemoveAppPasswords(unit=port.programs.unit(), account=account))


async def suspend(port: Port) -> None:
    await port.world.admin.accounts.suspend(str(ALICE), ACTOR)


async def take_services(port: Port) -> None:
    await port.programs.control(await port.world.account("alice"), Controls(services=()))


@BOTH
@pytest.mark.parametrize("end", [revoke, suspend, take_services])
async def test_a_session_ends_with_its_login(
    tmp_path: Path, is_imap: bool, end: Callable[[Port], Awaitable[None]]
) -> None:
    """It waits for its client, or idles: nobody has to say anything."""
    async with listening(tmp_path) as port:
        typed = await port.programs.add()
        waiting, other = await port.peer(is_imap=is_imap), await port.peer(is_imap=is_imap)
        assert waiting.is_in((await waiting.auth("PLAIN", b64(f"\0{ALICE}\0{typed}")))[0])
        bob = b64("\0bob@example.test\0" + PASSWORD.reveal().decode())
        assert other.is_in((await other.auth("PLAIN", bob))[0])
        idling = await port.peer(is_imap=True)
        if is_imap:
            assert idling.is_in((await idling.auth("PLAIN", b64(f"\0{ALICE}\0{typed}")))[0])
            assert (await idling.ask("b IDLE")).startswith("+ ")
        await end(port)
        assert (await waiting.end()).startswith("* BYE [AUTHENTICATIONFAILED]" if is_imap else "421 4.7.0")
        if is_imap:
            assert (await idling.end()).startswith("* BYE [AUTHENTICATIONFAILED]")
        assert (await other.ask("c NOOP" if is_imap else "NOOP")).startswith("c OK" if is_imap else "250")
        for _ in range(100):
            if len(port.sessions) == 1:
                break
            await asyncio.sleep(0)
        assert len(port.sessions) == 1
