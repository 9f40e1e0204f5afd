"""Events about the server itself."""

from skrytka.model.events.base import Event, EventClass


class SystemEvent(Event, frozen=True, kw_only=True):
    """The server itself."""

    CLASS = EventClass.SYSTEM


class ServerStarted(SystemEvent, frozen=True, kw_only=True):
    """All listeners are open."""

    version: str
    fronts: int


class ServerStopping(SystemEvent, frozen=True, kw_only=True):
    """Drain begins."""

    cause: str


class ChildEnded(SystemEvent, frozen=True, kw_only=True):
    """A child process ended without being asked."""

    process: str  # "front-0", "store"
    pid: int
    status: str  # "exit 1", "signal 9"


class SettingsReloaded(SystemEvent, frozen=True, kw_only=True):
    """SIGHUP was obeyed, or refused with the cause."""

    is_applied: bool
    detail: str = ""


class FaultRaised(SystemEvent, frozen=True, kw_only=True):
    """Something that Skrytka depends on failed; ``fault`` is an id of docs/faults.md."""

    fault: str
    detail: str = ""


class BugCaught(SystemEvent, frozen=True, kw_only=True):
    """An exception that nobody expected; ``where`` names our code, never the peer's data."""

    where: str
    error: str  # the class of the exception


class KeyRequested(SystemEvent, frozen=True, kw_only=True):
    """A process asked the key agent for an account key."""

    process: str  # "front-0", "store"
    account: int


class KeyAlarm(SystemEvent, frozen=True, kw_only=True):
    """Many distinct accounts' keys were asked for within a minute."""

    process: str  # "front-0", "store"
    accounts: int


class LegacyTlsUsed(SystemEvent, frozen=True, kw_only=True):
    """Somebody needed an exception of [[tls.legacy]]; once a client, day and process."""

    PERSONAL = frozenset({"remote"})
    service: str
    remote: str
    tls: str
    owner: str
    until: str


class LegacyTlsEnding(SystemEvent, frozen=True, kw_only=True):
    """An exception of [[tls.legacy]] ends soon, or has ended (0)."""

    service: str
    owner: str
    until: str
    days_left: int


class MessageCorrupt(SystemEvent, frozen=True, kw_only=True):
    """A stored message could not be opened; the rest is served."""

    account: int
    mailbox: int
    uid: int
    detail: str = ""


class ChainCheckpoint(SystemEvent, frozen=True, kw_only=True):
    """The heads of all event chains were signed."""

    number: int
