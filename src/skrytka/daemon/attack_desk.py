"""The supervisor's part of attacks on logins: counts for all fronts, tells all fronts, writes the events."""

from collections.abc import Callable

from skrytka.daemon.messages import Guarded, GuardsWanted, LoginTried, LoginTrusted, Message
from skrytka.mail.identity.attacks.counted import Counted
from skrytka.mail.identity.attacks.sightings import Sightings
from skrytka.mail.identity.attacks.words import Noticed, Sighting
from skrytka.model.clock import Clock
from skrytka.model.events import AttackSeen, Emitter
from skrytka.model.settings import Attacks


class AttackDesk:
    """``tell`` sends a message to every front."""

    def __init__(self, clock: Clock, settings: Attacks, events: Emitter, tell: Callable[[Message], None]) -> None:
        self._sightings = Sightings(clock, settings)
        self._events = events
        self._tell = tell

    @property
    def counted(self) -> Counted:
        """What is kept over the end of this process."""
        return self._sightings.counted

    def use(self, settings: Attacks) -> None:
        """See ``Sightings.use``."""
        self._sightings.use(settings)

    def answer(self, message: LoginTried | LoginTrusted | GuardsWanted) -> Message | None:
        """The answer, None where none is waited for."""
        match message:
            case LoginTried(tried=tried):
                self._follow(self._sightings.note(tried))
            case LoginTrusted(name=name):
                self._follow(self._sightings.trust(name))
            case GuardsWanted():
                return Guarded(guards=self._sightings.standing(), failing=self._sightings.failing())
        return None

    def _follow(self, noticed: Noticed) -> None:
        if noticed.guards:
            self._tell(Guarded(guards=noticed.guards))
        for sighting in noticed.sightings:
            self._events.emit(_event(sighting))


def _event(sighting: Sighting) -> AttackSeen:
    return AttackSeen(
        attack=sighting.attack.value,
        source=sighting.source,
        name=sighting.name,
        tries=sighting.tries,
        accounts=sighting.accounts,
        networks=sighting.networks,
        act=sighting.act,
        seconds=int(sighting.seconds),
    )
