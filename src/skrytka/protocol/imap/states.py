"""The states of an IMAP connection and what each allows (RFC 9051 3), as tables."""

from enum import Enum

from skrytka.protocol.imap.commands import fetch, mailboxes, messages, search, session
from skrytka.protocol.imap.commands.base import Command


class State(Enum):
    """RFC 9051 3."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


_ANY: frozenset[type[Command]] = frozenset({session.Capability, session.Noop, session.Logout, session.Id})
_NOT_AUTHENTICATED: frozenset[type[Command]] = frozenset({session.StartTls, session.Login, session.Authenticate})
_AUTHENTICATED: frozenset[type[Command]] = frozenset(
    {
        session.Enable,
        session.Idle,
        mailboxes.Select,
        mailboxes.Create,
        mailboxes.Delete,
        mailboxes.Rename,
        mailboxes.Subscribe,
        mailboxes.List,
        mailboxes.Namespace,
        mailboxes.Status,
        mailboxes.Append,
    }
)
_SELECTED: frozenset[type[Command]] = frozenset(
    {
        messages.Check,
        messages.Close,
        messages.Unselect,
        messages.Expunge,
        messages.Store,
        messages.Copy,
        fetch.Fetch,
        search.Search,
    }
)

ALLOWED: dict[State, frozenset[type[Command]]] = {
    State.NOT_AUTHENTICATED: _ANY | _NOT_AUTHENTICATED,
    State.AUTHENTICATED: _ANY | _AUTHENTICATED,
    State.SELECTED: _ANY | _AUTHENTICATED | _SELECTED,
    State.LOGOUT: frozenset(),
}

# The state after a command was answered (OK, NO); a command that is not named leaves the state as it is.
AFTER: dict[type[Command], tuple[State | None, State | None]] = {
    session.Login: (State.AUTHENTICATED, None),
    session.Authenticate: (State.AUTHENTICATED, None),
    session.Logout: (State.LOGOUT, State.LOGOUT),
    mailboxes.Select: (State.SELECTED, State.AUTHENTICATED),  # RFC 9051 6.3.2: a failed SELECT deselects
    messages.Close: (State.AUTHENTICATED, None),
    messages.Unselect: (State.AUTHENTICATED, None),
}
