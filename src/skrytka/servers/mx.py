"""The session on port 25: mail from anybody for the mailboxes of this server (design section 5).

STARTTLS where there is a certificate, never AUTH. DSN, DELIVERBY and MT-PRIORITY are offered to ``exempt_networks``
only: these are our own relays, so what they say of the reverse path and of urgency is believed. Anybody else could have
reports sent to whom he likes; a server that is not offered DSN tells its sender itself that the message was handed on
(RFC 3461 5.2.2, RFC 2852 4.1.4.2). For the same reason their mail is not asked whose it is, unless a setting says so:
SPF would look at the relay.
"""

import msgspec

from skrytka.mail.delivery.message import IncomingMessage
from skrytka.mail.delivery.types import Transaction
from skrytka.model.limits import DELIVER_BY_MIN_S
from skrytka.net.connection import Connection
from skrytka.protocol.smtp.extensions import Extensions
from skrytka.servers.mx_deps import MxDeps
from skrytka.servers.smtp_session import Mail, SmtpSession


async def serve_mx(conn: Connection, deps: MxDeps) -> None:
    """One session, from the greeting to its end; the listener closes the connection."""
    session = MxSession(conn, deps)
    try:
        await session.run()
    finally:
        await session.abandon()


class MxSession(SmtpSession):
    """What port 25 decides for itself."""

    def __init__(self, conn: Connection, deps: MxDeps) -> None:
        is_ours = conn.facts.is_exempt
        extensions = Extensions(
            is_starttls=conn.can_start_tls,
            is_dsn=is_ours,
            deliver_by_min_s=DELIVER_BY_MIN_S if is_ours else None,
            is_priority=is_ours,
        )
        super().__init__(conn, deps, extensions)
        self._is_checked = deps.is_exempt_checked or not is_ours

    def begin(self) -> IncomingMessage:
        if not self._is_checked:
            return super().begin()
        return self._deps.delivery.begin_checked(is_leaving=self._current().is_leaving)

    def facts(self, mail: Mail) -> Transaction:
        is_exempt = self._conn.facts.is_exempt
        return msgspec.structs.replace(super().facts(mail), is_proven=is_exempt, is_sender_checked=self._is_checked)
