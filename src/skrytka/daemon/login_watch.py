"""What watches over the logins of a front, put together."""

from dataclasses import dataclass

from skrytka.daemon.deliveries import Base
from skrytka.daemon.jobs import DAY_MS
from skrytka.mail.identity.attacks.arrivals import LookedAt
from skrytka.mail.identity.attacks.homes import Homes
from skrytka.mail.identity.attacks.watching import Watching
from skrytka.model.ids import new_unit
from skrytka.model.secret import Secret
from skrytka.model.settings import Attacks
from skrytka.net.countries import Countries
from skrytka.store.commands.places import ExpirePlaces

EXPIRE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class LoginWatch:
    """One per front."""

    base: Base
    homes: Homes
    countries: Countries
    arrivals: LookedAt
    watching: Watching

    def use(self, settings: Attacks) -> None:
        """Settings of now."""
        self.watching.use(settings)
        self.arrivals.settings = settings

    async def expire(self) -> None:
        """A job of the first front: places that were long unseen are forgotten."""
        base = self.base
        before_ms = base.age.now_ms() - self.arrivals.settings.places_days * DAY_MS
        while await base.store.submit(
            ExpirePlaces(unit=new_unit(base.clock, base.random), before_ms=before_ms)
        ):  # each step does some of the work
            pass


def login_watch(base: Base, name_key: Secret) -> LoginWatch:
    """With the settings of the start."""
    settings = base.settings.attacks
    homes = Homes(base.store, name_key, base.clock)
    countries = Countries(settings.country_files)
    arrivals = LookedAt(
        base.store,
        homes,
        countries,
        name_key=name_key,
        clock=base.clock,
        random=base.random,
        events=base.events,
        settings=settings,
    )
    return LoginWatch(base, homes, countries, arrivals, Watching(homes, base.tried, arrivals, base.clock, settings))
