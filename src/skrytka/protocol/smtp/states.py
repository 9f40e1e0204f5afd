"""The order of SMTP commands as one table (RFC 5321 4.1.4, RFC 3030 2, RFC 3207 4, RFC 4954 4).

The enums are IntEnum since a plain Enum's hash is a Python call until 3.12: 25 µs a message.
"""

from enum import IntEnum, auto
from typing import Final


class Verb(IntEnum):
    """Commands, and the points of a session that are answered without being one."""

    GREETING = auto()  # the connection itself
    EHLO = auto()
    HELO = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    BDAT = auto()
    CHUNK = auto()  # end of a BDAT chunk
    END = auto()  # end of the message
    RSET = auto()
    NOOP = auto()
    HELP = auto()
    VRFY = auto()
    EXPN = auto()
    STARTTLS = auto()
    AUTH = auto()
    CHALLENGE = auto()  # AUTH is answered 334: a line of SASL is asked for
    QUIT = auto()


class State(IntEnum):
    """Where a session stands."""

    CONNECTED = auto()  # our greeting is owed
    HELLO = auto()  # no EHLO or HELO yet, or TLS has just begun
    READY = auto()  # between transactions
    MAIL = auto()  # MAIL accepted
    RCPT = auto()  # one recipient at least
    DATA = auto()  # the message comes, until <CRLF>.<CRLF>
    BDAT = auto()  # between two chunks
    CHUNK = auto()  # the octets of a chunk come
    FAILED = auto()  # a chunk failed: only RSET or EHLO goes on (RFC 3030 2)
    TLS = auto()  # the handshake runs
    AUTH = auto()  # the client's next line is a response (RFC 4954 4)
    CLOSED = auto()


_ANYTIME: Final = (Verb.NOOP, Verb.HELP, Verb.VRFY, Verb.EXPN)  # RFC 5321 4.1.4


def _row(state: State, **moves: State) -> dict[Verb, State]:
    """A row of the table: what is always allowed stays in the state, HELO and RSET end a transaction."""
    is_greeted = state is not State.HELLO
    return (
        dict.fromkeys(_ANYTIME, state)
        | {Verb.QUIT: State.CLOSED, Verb.EHLO: State.READY, Verb.HELO: State.READY}
        | {Verb.RSET: State.READY if is_greeted else State.HELLO}
        | {Verb[name]: to for name, to in moves.items()}
    )


# The state after a positive reply; a verb that is not in the row is a bad sequence.
NEXT: Final[dict[State, dict[Verb, State]]] = {
    State.CONNECTED: {Verb.GREETING: State.HELLO},
    State.HELLO: _row(State.HELLO),
    State.READY: _row(State.READY, MAIL=State.MAIL, STARTTLS=State.TLS, AUTH=State.READY, CHALLENGE=State.AUTH),
    State.MAIL: _row(State.MAIL, RCPT=State.RCPT),
    State.RCPT: _row(State.RCPT, RCPT=State.RCPT, DATA=State.DATA, BDAT=State.CHUNK),
    State.DATA: {Verb.END: State.READY},
    State.BDAT: _row(State.BDAT, BDAT=State.CHUNK),
    State.CHUNK: {Verb.CHUNK: State.BDAT, Verb.END: State.READY},
    State.FAILED: _row(State.FAILED),
    State.TLS: {},
    State.AUTH: {Verb.AUTH: State.READY, Verb.CHALLENGE: State.AUTH},
    State.CLOSED: {},
}

# The state after a negative reply, where it is not the same as before.
AFTER_REFUSAL: Final[dict[tuple[State, Verb], State]] = {
    (State.CONNECTED, Verb.GREETING): State.CLOSED,  # RFC 5321 3.1 would wait for QUIT; RFC 7504 3 allows to close
    (State.DATA, Verb.END): State.READY,  # RFC 5321 4.1.1.4: the buffers are cleared
    (State.CHUNK, Verb.CHUNK): State.FAILED,  # RFC 3030 2
    (State.CHUNK, Verb.END): State.READY,
    (State.AUTH, Verb.AUTH): State.READY,
}
