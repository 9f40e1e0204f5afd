"""Every SMTP reply that Skrytka gives, in one place (RFC 5321 4.2, RFC 3463, RFC 5248)."""

from typing import Self

import msgspec

TEXT_LINE_MAX = 500  # RFC 5321 4.5.3.1.5: 512 octets with code, separator and CRLF


class Reply(msgspec.Struct, frozen=True):
    """One reply: code, enhanced status code ("" where RFC 2034 3 allows none) and one or more lines of text."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @property
    def is_positive(self) -> bool:
        """2xx or 3xx."""
        return self.code < 400

    @property
    def is_transient(self) -> bool:
        """4xx."""
        return 400 <= self.code < 500

    def encode(self) -> bytes:
        """Bytes for the wire; each line carries the enhanced code (RFC 2034 4)."""
        prefix = f"{self.enhanced} " if self.enhanced else ""
        if len(self.lines) == 1:  # nearly all
            return f"{self.code} {prefix}{self.lines[0][:TEXT_LINE_MAX]}\r\n".encode("utf-8", "replace")
        last = len(self.lines) - 1
        return "".join(
            f"{self.code}{'-' if number < last else ' '}{prefix}{text[:TEXT_LINE_MAX]}\r\n"
            for number, text in enumerate(self.lines)
        ).encode("utf-8", "replace")

    def with_text(self, *lines: str) -> Self:
        """The same codes with other text; CR and LF in it are refused."""
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a reply line holds no CR or LF")
        return msgspec.structs.replace(self, lines=lines)


def _reply(code: int, enhanced: str, *lines: str) -> Reply:
    return Reply(code, enhanced, lines)


# Session
GREETING = _reply(220, "", "ESMTP")  # the session puts its host name before: RFC 5321 4.2
BYE = _reply(221, "2.0.0", "Bye")
SHUTTING_DOWN = _reply(421, "4.3.2", "Service is restarting, try again soon")
TIMEOUT = _reply(421, "4.4.2", "Timed out waiting for you")
TOO_MANY_CONNECTIONS = _reply(421, "4.7.0", "Too many connections from your network, try again later")
TOO_MANY_ERRORS = _reply(421, "4.7.0", "Too many errors")
TOO_MANY_COMMANDS = _reply(421, "4.7.0", "Too many commands in one session")
TOO_MANY_MESSAGES = _reply(421, "4.7.0", "Too many messages in one session, connect again")  # RFC 9422 4.1
SERVER_FULL = _reply(421, "4.3.2", "Too many connections, try again later")
HELO_OK = _reply(250, "", "Hello")
OK = _reply(250, "2.0.0", "OK")
RESET = _reply(250, "2.0.0", "Forgotten")
HELP = _reply(214, "2.0.0", "See RFC 5321; problems: postmaster")
VRFY = _reply(252, "2.5.2", "Send a message and see")  # RFC 5321 3.5.3: no disclosure
READY_FOR_TLS = _reply(220, "2.0.0", "Ready to start TLS")
TLS_UNAVAILABLE = _reply(454, "4.7.0", "TLS is not available now")
# Transaction
SENDER_OK = _reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = _reply(250, "2.1.5", "Recipient OK")
PRIORITY_CHANGED = _reply(250, "2.3.6", "0 is the new priority assigned to the message")  # RFC 6710 4.1
START_DATA = _reply(354, "", "End with <CRLF>.<CRLF>")
CHUNK_OK = _reply(250, "2.0.0", "Chunk received")
ACCEPTED = _reply(250, "2.6.0", "Message accepted")
# The peer's syntax and order
UNKNOWN_COMMAND = _reply(500, "5.5.2", "Unknown command")
LINE_TOO_LONG = _reply(500, "5.5.6", "Line too long")
BARE_NEWLINE_COMMAND = _reply(500, "5.5.2", "Lines end with CRLF")
BAD_SYNTAX = _reply(501, "5.5.4", "Bad syntax in parameters")
BAD_SENDER_SYNTAX = _reply(501, "5.1.7", "Bad syntax in the sender address")
BAD_RECIPIENT_SYNTAX = _reply(501, "5.1.3", "Bad syntax in the recipient address")
NOT_IMPLEMENTED = _reply(502, "5.5.1", "Command not implemented")
BAD_SEQUENCE = _reply(503, "5.5.1", "Bad sequence of commands")
NO_VALID_RECIPIENTS = _reply(554, "5.5.1", "No valid recipients")  # RFC 5321 3.3
HELLO_FIRST = _reply(503, "5.5.1", "Say HELO or EHLO first")
PARAMETER_UNKNOWN = _reply(555, "5.5.4", "Parameter not recognised")  # RFC 5321 4.1.1.11
DELIVER_BY_PASSED = _reply(554, "5.4.7", "The time for delivery has passed")  # RFC 2852 3
BAD_PRIORITY = _reply(501, "5.5.2", "A priority is a number from -9 to 9")  # RFC 6710 4.1
DELIVER_BY_TOO_SHORT = _reply(555, "5.4.7", "The time for delivery is too short")  # RFC 2852 3
TOO_MANY_RECIPIENTS = _reply(452, "4.5.3", "Too many recipients, send the rest separately")  # RFC 5321 4.5.3.1.10
TOO_LARGE = _reply(552, "5.3.4", "Message exceeds the size limit")  # RFC 1870 6.1
HEADER_TOO_LARGE = _reply(552, "5.3.4", "Header section exceeds the size limit")
BARE_NEWLINE_DATA = _reply(550, "5.6.11", "Bare CR or LF in the message (RFC 5321 2.3.8)")
LOGIN_REVOKED = _reply(421, "4.7.0", "This login is not valid any more")  # RFC 5321 3.8
HEADER_BEGINS_FOLDED = _reply(550, "5.6.0", "The header begins with a continuation line (RFC 5322 2.2.3)")
TEXT_LINE_TOO_LONG = _reply(552, "5.6.0", "A line of the message exceeds the limit")
EIGHT_BIT_NEEDED = _reply(550, "5.6.3", "8-bit data needs BODY=8BITMIME")
SMTPUTF8_NEEDED = _reply(553, "5.6.7", "The address needs SMTPUTF8")  # RFC 6531 3.5
SMTPUTF8_NEEDED_BY_SENDER = _reply(550, "5.6.7", "The address needs SMTPUTF8")  # RFC 6531 3.5
BINARY_NEEDS_BDAT = _reply(503, "5.5.1", "BINARYMIME needs BDAT")  # RFC 3030 3
TLS_REQUIRED = _reply(530, "5.7.0", "Start TLS first")
AUTH_CONTINUE = _reply(334, "", "")
AUTH_OK = _reply(235, "2.7.0", "Logged in")
AUTH_REQUIRED = _reply(530, "5.7.0", "Log in first")  # RFC 4954 6
AUTH_FAILED = _reply(535, "5.7.8", "Name or password is wrong")  # RFC 4954 6
AUTH_NEEDS_TLS = _reply(538, "5.7.11", "Start TLS first")  # RFC 4954 6
AUTH_CANCELLED = _reply(501, "5.7.0", "Cancelled")
AUTH_SYNTAX = _reply(501, "5.5.2", "The response cannot be read")
AUTH_UNAVAILABLE = _reply(454, "4.7.0", "Logins are not possible now, try again later")  # RFC 4954 6
AUTH_RATE_LIMITED = _reply(454, "4.7.0", "Too many logins failed, try again later")
MECHANISM_UNKNOWN = _reply(504, "5.5.4", "Mechanism not offered")  # RFC 4954 4
MAIL_LOOP = _reply(554, "5.4.6", "Mail loop: too many Received fields")  # RFC 5321 6.3
# Recipients
NO_SUCH_USER = _reply(550, "5.1.1", "No such mailbox here")
NO_SUCH_DOMAIN = _reply(550, "5.7.1", "Relaying denied")
RELAY_DENIED = _reply(550, "5.7.1", "Relaying denied")
ACCOUNT_SUSPENDED = _reply(550, "5.2.1", "Mailbox disabled")
OVER_QUOTA = _reply(452, "4.2.2", "Mailbox full")
NOT_FORWARDED = _reply(550, "5.7.1", "From names a domain of this server and is not authenticated: not forwarded")
REPORTS_ONLY = _reply(550, "5.7.1", "This address takes delivery reports only")
# Policy and trouble on our side
POLICY = _reply(550, "5.7.1", "Refused by policy")
SENDER_NOT_YOURS = _reply(550, "5.7.1", "You may not send from this address")  # RFC 6409 6.1
FROM_NOT_YOURS = _reply(550, "5.7.1", "The From field has an address that is not yours")  # RFC 6409 6.1
FROM_MISSING = _reply(550, "5.6.0", "The message has no From field")  # RFC 5322 3.6
SENDING_LIMIT = _reply(452, "4.7.1", "Your limit is reached, try again later")  # the session says which
TOO_MANY_HELD = _reply(552, "5.7.16", "Too many of your messages wait")  # RFC 4865 6
DOMAIN_NOT_QUALIFIED = _reply(554, "5.1.2", "The domain of the recipient is not fully qualified")  # RFC 6409 4.2
UTF8_ADDRESS_OUTSIDE = _reply(550, "5.6.7", "The message needs SMTPUTF8")
SPF_FAILED = _reply(550, "5.7.23", "The domain of the sender does not allow your address to use it")  # RFC 7372 3.2
DMARC_REJECTED = _reply(550, "5.7.1", "The domain in From asks to refuse this mail")
QUARANTINE_NOT_FORWARDED = _reply(550, "5.7.1", "The domain in From asks to quarantine this mail: it is not forwarded")
SENDER_UNKNOWN = _reply(451, "4.7.24", "DNS does not tell whose mail this is, try again later")  # RFC 7372 3.2
RATE_LIMITED = _reply(450, "4.7.1", "Too much, try again later")
LOCAL_ERROR = _reply(451, "4.3.0", "Temporary trouble here, try again later")
STORE_DOWN = _reply(451, "4.3.0", "Mailbox store is not available now, try again later")
DISK_FULL = _reply(452, "4.3.1", "No space left, try again later")
TOO_LARGE_FOR_MAILBOX = _reply(552, "5.2.3", "Message exceeds what this mailbox may hold")


def dmarc_rejected(domain: str) -> Reply:
    """Whose policy it is, and who can help (RFC 9989 7.2)."""
    return DMARC_REJECTED.with_text(
        f"{domain} asks to refuse mail from it that fails DMARC (p=reject),",
        "and neither SPF nor DKIM proves that this mail is from there",
        f"Help: postmaster@{domain}, or the postmaster of this server",
    )


def quarantine_not_forwarded(domain: str) -> Reply:
    """As :func:`dmarc_rejected`, of mail that an alias would have passed on to another server."""
    return QUARANTINE_NOT_FORWARDED.with_text(
        f"{domain} asks to quarantine mail from it that fails DMARC (p=quarantine),",
        "so this server does not forward it to another one",
        f"Help: postmaster@{domain}, or the postmaster of this server",
    )


def spf_failed(domain: str, explanation: str) -> Reply:
    """With what the domain has to say, marked as its words (RFC 7208 6.2)."""
    told = (f"{domain} explains: {explanation}",) if explanation else ()
    return SPF_FAILED.with_text(f"SPF of {domain} does not allow your address to send for it", *told)
