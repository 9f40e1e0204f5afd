"""What MAIL begins, as the server engine sees it (RFC 5321 3.3)."""

import msgspec

from skrytka.model.envelope import BodyType
from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp.events import MailFrom
from skrytka.protocol.smtp.receiver import MessageReceiver


class Transaction(msgspec.Struct):
    """Without ``mail`` none has begun."""

    offered: MailFrom | None = None  # waits for its reply
    mail: MailFrom | None = None
    recipients: int = 0
    message: MessageReceiver | None = None

    @property
    def body_type(self) -> BodyType:
        return self.mail.body_type if self.mail is not None else BodyType.SEVEN_BIT

    @property
    def is_smtputf8(self) -> bool:
        return self.mail is not None and self.mail.is_smtputf8

    def begin_message(self, limits: SmtpLimits, *, is_8bit_accepted: bool) -> MessageReceiver:
        """Its octets come from now on."""
        self.message = MessageReceiver(limits, self.body_type, is_8bit_accepted=is_8bit_accepted)
        return self.message
