"""Submission on loopback, with the real directory, logins, delivery and queue behind it."""

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.open_sessions import OpenSessions
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.mail.identity.rights import SenderRights
from skrytka.mail.queue.waiting import WaitingMail
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import BugCaught, LoginFailed, MessageQueued, MessageReceived, MessageRefused, SendingLimited
from skrytka.model.limits import SmtpLimits
from skrytka.model.secret import Secret
from skrytka.model.settings import Login, Submission
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.servers.submission import serve_submission
from skrytka.servers.submission_deps import SubmissionDeps
from skrytka.store.commands.outbound import Post
from tests.support.dsn import reports
from tests.support.outside import Outside
from tests.unit.mail.world import ACTOR, HOSTNAME, MESSAGE, World, fails
from tests.unit.net.harness import client_context, make_store, serving
from tests.unit.servers.test_mx_with_mail import mail_world

OWN = MESSAGE.replace(b"Bob <bob@example.net>", b"Alice <alice@example.test>")
ALICE = "alice@example.test"
Talk = Callable[[smtplib.SMTP], None]


class Port:
    """A listening submission service."""

    def __init__(self, world: World, outside: Outside, port: int, limits: LimitTable) -> None:
        self.limits = limits
        self.world = world
        self.outside = outside
        self._port = port

    async def talk(
        self, talk: Talk, *, login: str = ALICE, password: str = "correct horse", is_tls: bool = True
    ) -> None:
        def conversation() -> None:
            with smtplib.SMTP("127.0.0.1", self._port, "client.example.org", timeout=60) as client:
                if is_tls:
                    client.starttls(context=client_context())
                if login:
                    client.login(login, password)
                talk(client)

        await asyncio.get_running_loop().run_in_executor(None, conversation)


@contextlib.asynccontextmanager
async def listening(
    folder: Path, settings: Submission | None = None, *, exempt: tuple[str, ...] = ()
) -> AsyncIterator[Port]:
    async with mail_world(folder) as world:
        outside = Outside(world, 1)
        table = LimitTable(world.clock)
        limits = LocalLimits(table)
        credentials = StoredCredentials(world.store, world.clock, world.random)
        identity = Identity(
            credentials,
            world.passwords,
            RecentLogins(world.clock, world.random),
            Gate(limits, Login(), world.events, Secret(bytes(32))),
            world.clock,
        )
        deps = SubmissionDeps(
            recipients=world.directory,
            delivery=outside.delivery,
            events=world.events,
            clock=world.clock,
            random=world.random,
            limits=SmtpLimits(),
            hostname=HOSTNAME,
            identity=identity,
            rights=SenderRights(world.store, credentials),
            inspector=world.inspector,
            sending=limits,
            waiting=WaitingMail(world.store, world.clock),
            sessions=OpenSessions(world.store),
            settings=settings or Submission(),
        )
        async with serving(lambda conn: serve_submission(conn, deps), tls=make_store(folder), exempt=exempt) as net:
            yield Port(world, outside, net.port, table)


def refused(code: int, text: bytes = b"") -> "contextlib.AbstractContextManager[object]":
    return pytest.raises(smtplib.SMTPException, match=str(code))


async def test_one_message_goes_to_mailboxes_here_and_to_the_queue(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test", "x@example.net"], OWN)))
        (copy,) = await port.world.inbox("bob")
        assert copy.startswith(b"Return-Path: <alice@example.test>\r\nDelivered-To: bob@example.test\r\nReceived: by ")
        assert b"127.0.0.1" not in copy
        assert b"client.example.org" not in copy
        assert copy.endswith(OWN)
        (row,) = await port.outside.queue()
        assert row.kind == 1
        names = [type(event) for event in port.world.events.events]
        assert MessageQueued in names
        (received,) = [event for event in port.world.events.events if isinstance(event, MessageReceived)]
        assert (received.protocol, received.remote) == ("ESMTPSA", "127.0.0.1")
        assert received.recipients == ("bob@example.test", "x@example.net")


def refusals(found: dict[str, tuple[int, bytes]]) -> None:
    assert found == {}


async def test_a_missing_date_and_id_are_added_and_bcc_is_taken_out(tmp_path: Path) -> None:
    message = b"From: alice@example.test\r\nBcc: eve@example.org\r\n\r\nHello\r\n"
    async with listening(tmp_path) as port:
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], message)))
        (copy,) = await port.world.inbox("bob")
        for field in (b"\r\nMessage-ID: <", b"\r\nDate: "):
            assert copy.count(field) == 1
        assert b"eve@example.org" not in copy


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("bob@example.test", OWN, 550),
        ("alice@example.net", OWN, 550),
        (ALICE, OWN.replace(b"Alice <alice@example.test>", b"bob@example.test"), 550),
        (ALICE, OWN.replace(b"Alice <alice@example.test>", b"alice@example.test, bob@example.test"), 550),
        (ALICE, OWN.replace(b"From:", b"Sender: bob@example.test\r\nFrom:"), 550),
        (ALICE, OWN.replace(b"From:", b"X-From:"), 550),
        (ALICE, OWN.replace(b"<alice@example.test>", b"<alice@example.test> <bob@example.test>"), 550),
        (ALICE, OWN.replace(b"<alice@example.test>", b"<alice>"), 550),
        (ALICE, OWN.replace(b"Alice <", b"friends: Alice <").replace(b"test>", b"test>, <bob@example.test>;", 1), 550),
        (
            ALICE,
            OWN.replace(b"<alice@example.test>", b"<alice@example.test>," + b"g:;," * 100 + b"bob@example.test"),
            550,
        ),
        (ALICE, OWN.replace(b"From:", b"From: alice@example.test\r\nFrom:" * 10), 550),
    ],
)
async def test_nobody_sends_as_somebody_else(tmp_path: Path, sender: str, message: bytes, code: int) -> None:
    async with listening(tmp_path) as port:
        with refused(code):
            await port.talk(lambda client: refusals(client.sendmail(sender, ["bob@example.test"], message)))
        assert await port.world.inbox("bob") == []
        assert await port.outside.queue() == []


@pytest.mark.parametrize("sender", ["alice+shop@example.test", "sales@example.test", ""])
async def test_subaddresses_aliases_and_nobody_are_fine(tmp_path: Path, sender: str) -> None:
    async with listening(tmp_path) as port:
        await port.world.admin.aliases.add("sales@example.test", [ALICE], ACTOR)
        message = OWN.replace(ALICE.encode(), b"sales@example.test")
        await port.talk(lambda client: refusals(client.sendmail(sender, ["bob@example.test"], message)))
        assert len(await port.world.inbox("bob")) == 1


async def test_an_alias_beyond_ascii_sends_and_is_told_of(tmp_path: Path) -> None:
    alias = "zażółć@example.test"

    def send(client: smtplib.SMTP) -> None:
        message = OWN.replace(b"Alice <alice@example.test>", alias.encode())
        client.sendmail(alias, ["bob@example.test"], message, ["SMTPUTF8", "BODY=8BITMIME"], ["NOTIFY=SUCCESS"])

    async with listening(tmp_path) as port:
        await port.world.admin.aliases.add(alias, [ALICE], ACTOR)
        await port.talk(send)
        (copy,) = await port.world.inbox("bob")
        assert f"Return-Path: <{alias}>".encode() in copy
        assert b" with UTF8SMTPSA (TLS" in copy
        (report,) = reports(await port.world.inbox())
        assert f"To: {alias}" in report.header
        assert report.status_type == "message/global-delivery-status"
        assert report.field("Final-Recipient") == "rfc822; bob@example.test"


@pytest.mark.parametrize("to", ["bob@example.test", "x@example.net"])
async def test_a_from_that_nobody_can_read_is_deferred_and_its_sender_keeps_it(tmp_path: Path, to: str) -> None:
    """Also one that only leaves, which no inspector sees otherwise; and a no is not remembered."""

    def send(client: smtplib.SMTP) -> None:
        refusals(client.sendmail(ALICE, [to], OWN))

    async with listening(tmp_path) as port:
        port.world.inspector.poison = b"Alice <alice@"
        with refused(451):
            await port.talk(send)
        port.world.inspector.poison = None
        port.world.inspector.failures = [TransientError(Reason.INSPECTOR_DOWN)]
        with refused(451):
            await port.talk(send)
        assert await port.world.inbox("bob") == []
        assert await port.outside.queue() == []
        reasons = [event.reason for event in port.world.events.events if isinstance(event, MessageRefused)]
        assert reasons == ["poisoned", "inspector_down"]
        await port.talk(send)
        assert len(await port.world.inbox("bob")) + len(await port.outside.queue()) == 1


async def test_a_from_of_many_own_addresses_passes(tmp_path: Path) -> None:
    own = b",\r\n ".join(b'"A, B" (c) <alice+%d@example.test>' % number for number in range(100))
    async with listening(tmp_path) as port:
        message = OWN.replace(b"Alice <alice@example.test>", own)
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], message)))
        with refused(550):
            more = message.replace(own, own + b", alice@example.test")
            await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], more)))
        assert len(await port.world.inbox("bob")) == 1


async def test_the_check_of_from_can_be_switched_off(tmp_path: Path) -> None:
    async with listening(tmp_path, Submission(is_from_checked=False)) as port:
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], MESSAGE)))
        assert len(await port.world.inbox("bob")) == 1


async def test_nothing_goes_without_a_login(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        with refused(530):
            await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], OWN)), login="")
        with refused(530):
            await port.talk(
                lambda client: refusals(client.sendmail(ALICE, ["bob@example.test"], OWN)), login="", is_tls=False
            )
        with pytest.raises(smtplib.SMTPNotSupportedError):  # in clear it is not even offered
            await port.talk(lambda client: None, is_tls=False)


async def test_wrong_passwords_are_refused_and_the_third_ends_the_session(tmp_path: Path) -> None:
    def guess(client: smtplib.SMTP) -> None:
        client.ehlo()
        codes = [client.docmd("AUTH", "PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABub3Blbm9wZQ==")[0] for _ in range(3)]
        assert codes == [535, 535, 421]

    async with listening(tmp_path) as port:
        with contextlib.suppress(smtplib.SMTPServerDisconnected):
            await port.talk(guess, login="")
        failed = [event for event in port.world.events.events if isinstance(event, LoginFailed)]
        assert len(failed) == 3
        with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
            await port.talk(lambda client: None, login="nobody@example.test")


async def test_a_bug_in_a_login_is_answered_and_the_session_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    def log_in(client: smtplib.SMTP) -> None:
        client.ehlo()
        assert client.docmd("AUTH", "PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABub3Blbm9wZQ==")[0] == 454
        assert client.noop()[0] == 250

    monkeypatch.setattr(Identity, "login", broken)
    async with listening(tmp_path) as port:
        await port.talk(log_in, login="")
        assert [event.error for event in port.world.events.events if isinstance(event, BugCaught)] == [
            "ZeroDivisionError"
        ]


async def test_acting_for_somebody_else_is_refused_without_a_hash(tmp_path: Path) -> None:
    def act(client: smtplib.SMTP) -> None:
        client.ehlo()  # bob@example.test NUL alice@example.test NUL correct horse
        line = "PLAIN Ym9iQGV4YW1wbGUudGVzdABhbGljZUBleGFtcGxlLnRlc3QAY29ycmVjdCBob3JzZQ=="
        assert client.docmd("AUTH", line)[0] == 535

    async with listening(tmp_path) as port:
        await port.talk(act, login="")
        (told,) = [event for event in port.world.events.events if isinstance(event, LoginFailed)]
        assert (told.reason, told.service) == ("not_permitted", "test")


async def test_an_account_has_a_limit_of_recipients(tmp_path: Path) -> None:
    def send(client: smtplib.SMTP) -> None:
        found = client.sendmail(ALICE, [f"x{number}@example.net" for number in range(4)], OWN)
        assert [code for code, _text in found.values()] == [452]

    async with listening(tmp_path, Submission(recipients_per_hour=3)) as port:
        await port.talk(send)
        assert len(await port.outside.queue()) == 3
        (told,) = [event for event in port.world.events.events if isinstance(event, SendingLimited)]
        assert (told.limit, told.most, told.account_name) == ("recipients_per_hour", 3, ALICE)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        (Submission(messages_per_hour=1), "messages_per_hour"),
        (Submission(recipients_per_hour=2), "recipients_per_hour"),
        (Submission(recipients_per_day=2), "recipients_per_day"),
    ],
)
async def test_a_limit_counts_over_sessions_and_is_told_once_in_each(
    tmp_path: Path, settings: Submission, limit: str
) -> None:
    def send(client: smtplib.SMTP) -> None:
        client.ehlo()
        codes = []
        for _ in range(2):
            codes.append(client.mail(ALICE)[0])
            codes += [client.rcpt("x@example.net")[0] for _ in range(2)]
            client.rset()
        found.append(codes)

    found: list[list[int]] = []
    async with listening(tmp_path, settings) as port:
        await port.talk(send)
        await port.talk(send)
        told = [event for event in port.world.events.events if isinstance(event, SendingLimited)]
    assert [event.limit for event in told] == [limit, limit]
    assert 452 in found[0]
    assert 250 not in found[1] or limit.startswith("recipients")
    assert found[1].count(452) == (2 if limit == "messages_per_hour" else 4)


async def test_without_limits_nothing_is_counted(tmp_path: Path) -> None:
    settings = Submission(messages_per_hour=0, recipients_per_hour=0, recipients_per_day=0)
    async with listening(tmp_path, settings) as port:
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["x@example.net"], OWN)))
        assert len(port.limits) == 2  # those of the login


async def test_an_exempt_network_has_no_limit(tmp_path: Path) -> None:
    settings = Submission(messages_per_hour=1, recipients_per_hour=1)
    async with listening(tmp_path, settings, exempt=("127.0.0.0/8",)) as port:
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["x@example.net", "y@example.net"], OWN)))
        await port.talk(lambda client: refusals(client.sendmail(ALICE, ["z@example.net"], OWN)))
        assert len(await port.outside.queue()) == 3


async def test_dsn_parameters_are_kept(tmp_path: Path) -> None:
    def send(client: smtplib.SMTP) -> None:
        client.sendmail(
            ALICE, ["x@example.net"], OWN, ["RET=HDRS", "ENVID=Q+2B1"], ["NOTIFY=SUCCESS", "ORCPT=rfc822;o@example.org"]
        )

    async with listening(tmp_path) as port:
        await port.talk(send)
        (row,) = await port.outside.queue()
        from skrytka.mail.outbox.sealed import open_envelope, open_recipient, queue_keys

        keys = await queue_keys(port.world.keys, port.world.random)
        envelope = open_envelope(keys, row.queue_id, row.envelope)
        recipient = open_recipient(keys, row.queue_id, 0, row.sealed_recipient)
        assert (envelope.ret, envelope.envid, recipient.original) == ("HDRS", "Q+1", "rfc822;o@example.org")


async def test_what_cannot_be_written_whole_stays_with_the_sender(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        port.world.store.failures[Post] = fails(TransientError(Reason.STORE_BUSY))
        with refused(451):
            await port.talk(lambda client: refusals(client.sendmail(ALICE, ["bob@example.test", "x@example.net"], OWN)))
        assert (await port.world.inbox("bob"), await port.outside.queue()) == ([], [])
        assert await port.world.courier.run_once() == 0


async def test_an_address_literal_is_no_place_to_send_to(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        with refused(550):
            await port.talk(lambda client: refusals(client.sendmail(ALICE, ["x@[192.0.2.1]"], OWN)))


async def test_a_session_whose_account_was_suspended_sends_no_more(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        loop = asyncio.get_running_loop()

        def talk(client: smtplib.SMTP) -> None:
            client.sendmail(ALICE, ["bob@example.test"], OWN)
            suspension = port.world.admin.accounts.suspend(ALICE, ACTOR)
            asyncio.run_coroutine_threadsafe(suspension, loop).result(60)
            client.sendmail(ALICE, ["bob@example.test"], OWN)

        with refused(421):
            await port.talk(talk)
        assert len(await port.world.inbox("bob")) == 1


async def test_an_alias_that_is_taken_away_ends_in_the_session_that_has_used_it(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await port.world.admin.aliases.add("sales@example.test", [ALICE], ACTOR)
        message = OWN.replace(ALICE.encode(), b"sales@example.test")
        loop = asyncio.get_running_loop()

        def conversation(client: smtplib.SMTP) -> None:
            for _ in range(2):
                refusals(client.sendmail(ALICE, ["bob@example.test"], message))
            removal = port.world.admin.aliases.remove("sales@example.test", ACTOR)
            asyncio.run_coroutine_threadsafe(removal, loop).result(60)
            with refused(550):
                client.sendmail(ALICE, ["bob@example.test"], message)

        await port.talk(conversation)
        assert len(await port.world.inbox("bob")) == 2


async def test_who_is_suspended_in_the_middle_of_a_message_does_not_send_it(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        loop = asyncio.get_running_loop()

        def talk(client: smtplib.SMTP) -> None:
            client.ehlo()
            assert client.mail(ALICE)[0] == client.rcpt("bob@example.test")[0] == 250
            client.putcmd("data")
            assert client.getreply()[0] == 354
            suspension = port.world.admin.accounts.suspend(ALICE, ACTOR)
            asyncio.run_coroutine_threadsafe(suspension, loop).result(60)
            client.send(OWN + b".\r\n")
            assert client.getreply()[0] == 421
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client.docmd("NOOP")

        await port.talk(talk)
        assert await port.world.inbox("bob") == []
        (told,) = [event for event in port.world.events.events if isinstance(event, MessageRefused)]
        assert (told.reason, told.code) == ("not_permitted", 421)
