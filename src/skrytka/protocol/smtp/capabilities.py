"""What a server offers, as its reply to EHLO says (RFC 5321 4.1.1.1)."""

from typing import Final, Self

import msgspec

from skrytka.protocol.smtp.peer_reply import PeerReply

NUMBER_DIGITS_MAX: Final = 18


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """Parsed once; what is not understood is not there."""

    is_pipelining: bool = False  # RFC 2920
    is_8bit: bool = False  # RFC 6152
    is_smtputf8: bool = False  # RFC 6531
    is_chunking: bool = False  # RFC 3030 2
    is_binary: bool = False  # RFC 3030 3; never without CHUNKING
    is_dsn: bool = False  # RFC 3461
    is_starttls: bool = False  # RFC 3207
    has_size: bool = False  # RFC 1870
    size_bytes: int = 0  # 0: no limit is named
    recipients_max: int = 0  # RFC 9422; 0: none is named
    messages_max: int = 0
    mechanisms: frozenset[str] = frozenset()  # RFC 4954
    is_deliver_by: bool = False  # RFC 2852
    deliver_by_min_s: int = 0
    is_priority: bool = False  # RFC 6710
    is_requiretls: bool = False  # RFC 8689

    def can_deliver_by(self, seconds: int) -> bool:
        """Whether a message of mode R with so much time may be handed on (RFC 2852 4.1.4.1)."""
        return self.is_deliver_by and seconds >= max(1, self.deliver_by_min_s)

    @classmethod
    def parse(cls, reply: PeerReply) -> Self:
        """From a positive reply to EHLO; its first line is a greeting."""
        words = [line.split() for line in reply.lines[1:]]
        offered = {line[0].upper(): line[1:] for line in words if line}
        limits = dict(word.upper().partition("=")[::2] for word in offered.get("LIMITS", []))
        is_chunking = "CHUNKING" in offered
        return cls(
            is_pipelining="PIPELINING" in offered,
            is_8bit="8BITMIME" in offered,
            is_smtputf8="SMTPUTF8" in offered,
            is_chunking=is_chunking,
            is_binary=is_chunking and "BINARYMIME" in offered,
            is_dsn="DSN" in offered,
            is_starttls="STARTTLS" in offered,
            has_size="SIZE" in offered,
            size_bytes=_number(next(iter(offered.get("SIZE", [])), "")),
            recipients_max=_number(limits.get("RCPTMAX", "")),
            messages_max=_number(limits.get("MAILMAX", "")),
            mechanisms=frozenset(word.upper() for word in offered.get("AUTH", [])),
            is_deliver_by="DELIVERBY" in offered,
            deliver_by_min_s=_number(next(iter(offered.get("DELIVERBY", [])), "").partition(",")[0]),
            is_priority="MT-PRIORITY" in offered,
            is_requiretls="REQUIRETLS" in offered,
        )


NO_CAPABILITIES: Final = Capabilities()


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX
    return int(text) if is_number else 0
