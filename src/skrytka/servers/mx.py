"""The session on port 25: mail from anybody for the mailboxes of this server (design section 5).

STARTTLS where there is a certificate, never AUTH.
"""

from skrytka.net.connection import Connection
from skrytka.protocol.smtp.extensions import Extensions
from skrytka.servers.mx_deps import MxDeps
from skrytka.servers.smtp_session import SmtpSession


async def serve_mx(conn: Connection, deps: MxDeps) -> None:
    """One session, from the greeting to its end; the listener closes the connection."""
    session = SmtpSession(conn, deps, Extensions(is_starttls=conn.can_start_tls))
    try:
        await session.run()
    finally:
        await session.abandon()
