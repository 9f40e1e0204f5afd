"""What one server offers and takes: limits, extensions, leniencies; and the rules and replies that follow from them."""

import msgspec

from skrytka.model import reply as replies
from skrytka.model.address import Domain
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.authentication import LINE_MAX as AUTH_LINE_MAX
from skrytka.protocol.smtp.command import Rules
from skrytka.protocol.smtp.extensions import Extensions, Leniency, ehlo_reply, helo_reply
from skrytka.protocol.smtp.states import Verb


class Terms(msgspec.Struct, frozen=True):
    """Of a session, whatever happens in it."""

    hostname: str
    domain: Domain  # the same, parsed
    limits: SmtpLimits
    extensions: Extensions
    leniency: Leniency

    @property
    def line_max(self) -> int:
        """Octets of a line that are looked at."""
        return max(self.limits.command_line_bytes, AUTH_LINE_MAX if self.extensions.mechanisms else 0)

    def rules(self, *, is_extended: bool, is_tls: bool) -> Rules:
        """How commands are read behind EHLO or HELO."""
        extensions = self.extensions
        return Rules(
            hostname=self.domain,
            message_bytes=self.limits.message_bytes,
            is_extended=is_extended,
            is_dsn=extensions.is_dsn,
            is_auth=bool(extensions.mechanisms),
            future_release=extensions.future_release,
            deliver_by_min_s=extensions.deliver_by_min_s,
            is_priority=extensions.is_priority,
            is_requiretls=extensions.is_requiretls and is_tls,
            is_space_accepted=self.leniency.is_space_after_colon_accepted,
        )

    def hello(self, *, is_extended: bool, is_tls: bool) -> Reply:
        """The reply to EHLO or HELO."""
        if is_extended:
            return ehlo_reply(self.hostname, self.extensions, self.limits, is_tls=is_tls)
        return helo_reply(self.hostname)

    def not_offered(self, verb: Verb) -> Reply | None:
        """What is said to a command of an extension that this server does not have."""
        is_missing = (verb is Verb.STARTTLS and not self.extensions.is_starttls) or (
            verb is Verb.AUTH and not self.extensions.mechanisms
        )
        return replies.NOT_IMPLEMENTED if is_missing else None
