"""What a client may send when, as one table (RFC 5321 4.1.4, RFC 2920 3.1, RFC 3030 2, RFC 3207 4, RFC 4954 4)."""

from enum import IntEnum, auto
from typing import Final


class Step(IntEnum):
    """What a client says, and the points at which a server speaks."""

    GREETING = auto()  # the server's first reply
    HELLO = auto()  # EHLO, HELO or LHLO
    STARTTLS = auto()
    AUTH = auto()
    RESPONSE = auto()  # a line of SASL
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    BODY = auto()  # octets of the message after 354
    END = auto()  # <CRLF>.<CRLF>, or the last chunk
    BDAT = auto()  # a chunk that is not the last
    RSET = auto()
    NOOP = auto()
    QUIT = auto()


class ClientState(IntEnum):
    """Where a client stands, its unanswered commands taken as said."""

    CONNECTED = auto()  # the greeting is awaited
    HELLO = auto()  # greeted, or TLS has just begun
    READY = auto()  # between transactions
    MAIL = auto()
    RCPT = auto()
    ASKED = auto()  # DATA was said: only 354 lets the message go
    DATA = auto()
    BDAT = auto()  # between two chunks
    ENDING = auto()  # the message is out, its reply is not in
    FAILED = auto()  # the transaction can only be reset
    TLS_ASKED = auto()
    TLS = auto()  # the handshake runs
    AUTH = auto()
    CHALLENGED = auto()  # 334: a response is owed
    REFUSED = auto()  # the greeting was a refusal: only QUIT (RFC 5321 3.1)
    QUIT = auto()
    CLOSED = auto()


_ENDS: Final = {Step.RSET: ClientState.READY, Step.QUIT: ClientState.QUIT}

# The state once it is said; a step that is not in the row may not be taken.
SAID: Final[dict[ClientState, dict[Step, ClientState]]] = {
    ClientState.CONNECTED: {},
    ClientState.HELLO: {Step.HELLO: ClientState.HELLO, Step.QUIT: ClientState.QUIT},
    ClientState.READY: {
        Step.HELLO: ClientState.HELLO,
        Step.STARTTLS: ClientState.TLS_ASKED,
        Step.AUTH: ClientState.AUTH,
        Step.MAIL: ClientState.MAIL,
        Step.NOOP: ClientState.READY,
        **_ENDS,
    },
    ClientState.MAIL: {Step.RCPT: ClientState.RCPT, **_ENDS},
    ClientState.RCPT: {
        Step.RCPT: ClientState.RCPT,
        Step.DATA: ClientState.ASKED,
        Step.BDAT: ClientState.BDAT,
        Step.END: ClientState.ENDING,
        **_ENDS,
    },
    ClientState.ASKED: {},
    ClientState.DATA: {Step.BODY: ClientState.DATA, Step.END: ClientState.ENDING},
    ClientState.BDAT: {Step.BDAT: ClientState.BDAT, Step.END: ClientState.ENDING, **_ENDS},
    ClientState.ENDING: {},
    ClientState.FAILED: dict(_ENDS),
    ClientState.TLS_ASKED: {},
    ClientState.TLS: {},
    ClientState.AUTH: {},
    ClientState.CHALLENGED: {Step.RESPONSE: ClientState.AUTH},
    ClientState.REFUSED: {Step.QUIT: ClientState.QUIT},
    ClientState.QUIT: {},
    ClientState.CLOSED: {},
}

# The state after a positive, or a negative, reply, where it is not the one in which the command was said.
POSITIVE: Final = {
    Step.GREETING: ClientState.HELLO,
    Step.HELLO: ClientState.READY,
    Step.STARTTLS: ClientState.TLS,
    Step.AUTH: ClientState.READY,
    Step.DATA: ClientState.DATA,
    Step.END: ClientState.READY,
    Step.QUIT: ClientState.CLOSED,
}
NEGATIVE: Final = {
    Step.GREETING: ClientState.REFUSED,
    Step.STARTTLS: ClientState.READY,
    Step.AUTH: ClientState.READY,
    Step.MAIL: ClientState.FAILED,
    Step.DATA: ClientState.FAILED,
    Step.BDAT: ClientState.FAILED,
    Step.END: ClientState.READY,
    Step.RSET: ClientState.FAILED,
    Step.QUIT: ClientState.CLOSED,
}

# May stand in a group that is sent without waiting (RFC 2920 3.1, RFC 3030 2); DATA, QUIT and the last chunk end the
# group by the table above.
PIPELINED: Final = frozenset({Step.MAIL, Step.RCPT, Step.DATA, Step.BDAT, Step.END, Step.RSET, Step.QUIT})
