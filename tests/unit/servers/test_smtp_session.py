"""What a service may decide for itself; the rest of the session is played by the transcripts of port 25."""

from skrytka.model import reply as replies
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MessageRefused
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.net.connection import Connection
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.extensions import Extensions
from skrytka.servers.mx_deps import SmtpDeps
from skrytka.servers.smtp_session import SmtpSession
from tests.support.mx import HOSTNAME, BugError, FakeDelivery, FakeRecipients, Peer
from tests.unit.net.harness import Zeros, serving


class Choosy(SmtpSession):
    """Takes no mail from nobody, and stumbles over some."""

    async def may_send(self, start: events.MailFrom) -> tuple[Reply, Reason | None]:
        if start.reverse_path.is_null:
            return replies.POLICY, Reason.NOT_PERMITTED
        if str(start.reverse_path).startswith("bug"):
            raise BugError
        if str(start.reverse_path).startswith("no"):
            raise PermanentError(Reason.RELAY_DENIED)
        return replies.SENDER_OK, None


async def test_a_service_decides_about_senders() -> None:
    late: list[SmtpDeps] = []

    async def session(conn: Connection) -> None:
        await Choosy(conn, late[0], Extensions()).run()

    async with serving(session) as world:
        late.append(
            SmtpDeps(
                recipients=FakeRecipients(),
                delivery=FakeDelivery(),
                events=world.recorder,
                clock=world.clock,
                random=Zeros(),
                limits=SmtpLimits(),
                hostname=HOSTNAME,
            )
        )
        peer = Peer(*await world.connect())
        await peer.reply()
        await peer.ask("EHLO client.example.org")
        answers = [await peer.ask(f"MAIL FROM:<{path}>") for path in ("", "bug@example.org", "no@example.org")]
        assert [line[:9] for line in answers] == ["550 5.7.1", "451 4.3.0", "550 5.7.1"]
        assert (await peer.ask("RCPT TO:<bob@example.test>")).startswith("503")
        assert (await peer.ask("MAIL FROM:<a@example.org>")).startswith("250")
        assert (await peer.ask("AUTH PLAIN")).startswith("502")
        await peer.close()
    told = [(event.code, event.reason) for event in world.recorder.of(MessageRefused)]
    assert told == [(550, "not_permitted"), (451, "bug"), (550, "relay_denied")]
