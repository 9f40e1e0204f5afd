"""What a listener offers (RFC 5321 4.1.1.1), and where it is more lenient than the RFC asks."""

from typing import Final

import msgspec

from skrytka.model import reply as replies
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.timing import date_time

LIMIT_VALUE_MAX = 999_999  # RFC 9422 4.1 and 4.2: six digits at most


class FutureRelease(msgspec.Struct, frozen=True):
    """RFC 4865 3: how long a message is held, and until when."""

    max_s: int
    until_ms: int


class Extensions(msgspec.Struct, frozen=True, kw_only=True):
    """Those that depend on the listener; PIPELINING, SIZE, 8BITMIME, SMTPUTF8 and so on are always there."""

    is_starttls: bool = False  # RFC 3207; hidden as soon as TLS is on
    is_dsn: bool = False  # RFC 3461; without it NOTIFY, ORCPT, RET, ENVID answer 555
    mechanisms: tuple[str, ...] = ()  # RFC 4954; offered under TLS only
    is_auth_required: bool = False  # RFC 6409 4.3: MAIL needs a login
    future_release: FutureRelease | None = None  # RFC 4865, on submission only
    deliver_by_min_s: int | None = None  # RFC 2852; None: not offered
    is_priority: bool = False  # RFC 6710
    is_requiretls: bool = True  # RFC 8689; offered under TLS only


class Leniency(msgspec.Struct, frozen=True, kw_only=True):
    """Each deviation from the letter of an RFC; False is strict."""

    is_undeclared_8bit_accepted: bool = True  # RFC 6152 3 wants BODY=8BITMIME; half the world leaves it out
    is_space_after_colon_accepted: bool = True  # "MAIL FROM: <a@b>": RFC 5321 3.3 forbids it, old clients send it


DEFAULT_EXTENSIONS: Final = Extensions()
DEFAULT_LENIENCY: Final = Leniency()


def helo_reply(hostname: str) -> Reply:
    """HELO is answered with our name alone (RFC 5321 4.1.1.1)."""
    return replies.HELO_OK.with_text(hostname)


def ehlo_reply(hostname: str, extensions: Extensions, limits: SmtpLimits, *, is_tls: bool) -> Reply:
    """The lines of EHLO: our name, then a keyword a line."""
    return replies.HELO_OK.with_text(hostname, *_keywords(extensions, limits, is_tls=is_tls))


def _keywords(extensions: Extensions, limits: SmtpLimits, *, is_tls: bool) -> list[str]:
    keywords = [
        "PIPELINING",  # RFC 2920
        f"SIZE {limits.message_bytes}",  # RFC 1870
        "8BITMIME",  # RFC 6152
        "SMTPUTF8",  # RFC 6531
        "ENHANCEDSTATUSCODES",  # RFC 2034
        "CHUNKING",  # RFC 3030 2
        "BINARYMIME",  # RFC 3030 3
        f"LIMITS MAILMAX={_limit(limits.messages)} RCPTMAX={_limit(limits.recipients)}",  # RFC 9422 4
        "HELP",
    ]
    if extensions.is_dsn:
        keywords.append("DSN")
    if (held := extensions.future_release) is not None:
        keywords.append(f"FUTURERELEASE {held.max_s} {date_time(held.until_ms)}")
    if extensions.deliver_by_min_s is not None:
        keywords.append(f"DELIVERBY {extensions.deliver_by_min_s}")
    if extensions.is_priority:
        keywords.append("MT-PRIORITY MIXER")  # RFC 6710 appendix B: -4, 0 and 4 are what the queue tells apart
    if extensions.is_requiretls and is_tls:
        keywords.append("REQUIRETLS")
    if extensions.mechanisms and is_tls:
        keywords.append(f"AUTH {' '.join(extensions.mechanisms)}")
    if extensions.is_starttls and not is_tls:  # RFC 3207 4.2: not after the handshake
        keywords.append("STARTTLS")
    return keywords


def _limit(value: int) -> int:
    return min(max(value, 1), LIMIT_VALUE_MAX)
