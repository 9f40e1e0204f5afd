"""What the supervisor and its children say to each other over a control socket.

Requests carry ``call``, the number their answer comes back with. A child knows nothing but what :class:`Start` told it.
"""

import msgspec

from skrytka.mail.identity.attacks.words import Failing, Guard, Tried
from skrytka.model.settings import Settings
from skrytka.net.limits import Cap


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all; one packet each."""


class Elsewhere(Message, frozen=True, kw_only=True):
    """The message is too long for a packet: it lies in a memory file, the last of the descriptors."""

    size: int


# -- supervisor to child ------------------------------------------------------------------------------------------


class Start(Message, frozen=True, kw_only=True):
    """The first message: what to be. File descriptors come with it, one for each name in ``sockets``."""

    kind: str  # "store" or "front"
    number: int
    root: str
    settings: Settings
    sockets: tuple[str, ...] = ()  # services, "control" for the control socket, in the order of the descriptors
    known_ms: int | None = None  # where its model.clock.AgeClock begins
    is_keeper: bool = False  # this front runs the control socket and the jobs
    fronts: int = 1


class StoreSocket(Message, frozen=True, kw_only=True):
    """The descriptor with it leads to the store process (for a front) or to a new front (for the store)."""

    front: int = 0


class InspectorSocket(Message, frozen=True, kw_only=True):
    """The descriptor with it leads a front to the zygote of the inspectors; an earlier one is of no use any more."""

    number: int


class Reload(Message, frozen=True, kw_only=True):
    """New settings; the files they name are read again too."""

    settings: Settings


class Drain(Message, frozen=True, kw_only=True):
    """Accept nothing new, finish what is under way, end."""

    seconds: float


class Key(Message, frozen=True, kw_only=True):
    """Answer to KeyRequest or KeyCreate."""

    call: int
    key: bytes = b""

    def __repr__(self) -> str:
        return "Key()"


class Taken(Message, frozen=True, kw_only=True):
    """Answer to LimitTake."""

    call: int
    is_allowed: bool


class Acquired(Message, frozen=True, kw_only=True):
    """Answer to CapAcquire: the cap that is full, or none is."""

    call: int
    full: Cap | None = None


class Guarded(Message, frozen=True, kw_only=True):
    """What fronts do about attacks from now on (mail.identity.attacks)."""

    guards: tuple[Guard, ...]
    failing: tuple[Failing, ...] = ()  # for a front that begins


class Failed(Message, frozen=True, kw_only=True):
    """A call came to nothing."""

    call: int
    reason: str
    detail: str
    is_transient: bool


# -- child to supervisor ------------------------------------------------------------------------------------------


class Ready(Message, frozen=True, kw_only=True):
    """All that the child has to do, it does now."""


class CertificatesChanged(Message, frozen=True, kw_only=True):
    """A certificate was renewed: every front is to serve it."""


class Alive(Message, frozen=True, kw_only=True):
    """The child's loop turns; said every few seconds, since silence means that it hangs."""


class InspectorsLost(Message, frozen=True, kw_only=True):
    """The InspectorSocket of that number has ended; another is wanted."""

    number: int


class Reloaded(Message, frozen=True, kw_only=True):
    """Reload is done; ``detail`` says what stayed as it was."""

    detail: str = ""


class KeyRequest(Message, frozen=True, kw_only=True):
    """The key of a subject, made first if ``is_new``."""

    call: int
    subject: str
    is_new: bool = False


class LimitTake(Message, frozen=True, kw_only=True):
    """Count ``cost`` unless it would be more than ``limit`` within the window."""

    call: int
    rule: str
    key: str
    cost: int
    limit: int
    window_s: float


class LimitRefund(Message, frozen=True, kw_only=True):
    """Take back what was counted."""

    rule: str
    key: str
    cost: int


class LoginTried(Message, frozen=True, kw_only=True):
    """Somebody tried to log in."""

    tried: Tried


class LoginTrusted(Message, frozen=True, kw_only=True):
    """An account is its owner's, an administrator says: what it was closed to is open. ``name`` is hidden."""

    name: str


class GuardsWanted(Message, frozen=True, kw_only=True):
    """A new front asks for all that holds now."""


class CapAcquire(Message, frozen=True, kw_only=True):
    """All of the caps or none."""

    call: int
    caps: tuple[Cap, ...]


class CapRelease(Message, frozen=True, kw_only=True):
    """Give back what was acquired."""

    caps: tuple[Cap, ...]


class Fault(Message, frozen=True, kw_only=True):
    """An event of a process without a log of its own (the store process)."""

    fault: str
    detail: str


class ChainHeads(Message, frozen=True, kw_only=True):
    """What of this process' event chains is on disk, for the next checkpoint."""

    heads: dict[str, tuple[int, str]]


class Faulty(Message, frozen=True, kw_only=True):
    """The child cannot do its work and ends; told to the administrator."""

    detail: str
    is_permanent: bool  # starting it again would not help


AnyMessage = (
    Start
    | Alive
    | CertificatesChanged
    | StoreSocket
    | InspectorSocket
    | InspectorsLost
    | Reload
    | Drain
    | Key
    | Taken
    | Acquired
    | Failed
    | Guarded
    | GuardsWanted
    | LoginTried
    | LoginTrusted
    | Ready
    | Reloaded
    | KeyRequest
    | LimitTake
    | LimitRefund
    | CapAcquire
    | CapRelease
    | Fault
    | ChainHeads
    | Faulty
    | Elsewhere
)
Answer = Key | Taken | Acquired | Failed
