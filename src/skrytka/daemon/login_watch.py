"""What watches over the logins of a front, put together."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from skrytka.daemon.deliveries import Base
from skrytka.daemon.jobs import DAY_MS
from skrytka.mail.identity.attacks.arrivals import LookedAt
from skrytka.mail.identity.attacks.homes import Homes
from skrytka.mail.identity.attacks.watching import Watching
from skrytka.model.events import FaultRaised
from skrytka.model.ids import new_unit
from skrytka.model.secret import Secret
from skrytka.model.settings import Attacks
from skrytka.net.countries import Countries
from skrytka.net.geo import Geography
from skrytka.store.commands.places import ExpirePlaces

EXPIRE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class LoginWatch:
    """One per front."""

    base: Base
    homes: Homes
    where: Geography
    arrivals: LookedAt
    watching: Watching

    async def use(self, settings: Attacks) -> None:
        """Settings of now; databases are opened anew, in a thread, for a look all over them takes a while."""
        self.watching.use(settings)
        self.arrivals.settings = settings
        wanted = databases(self.base.layout.root, settings)
        self.where.use(await asyncio.to_thread(self.where.opened, *wanted))

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

    def tell(detail: str) -> None:
        base.events.emit(FaultRaised(fault="F-geography", detail=detail))

    country, provider = databases(base.layout.root, settings)
    where = Geography(Countries(settings.country_files), tell, country=country, provider=provider)
    arrivals = LookedAt(
        base.store,
        homes,
        where,
        name_key=name_key,
        clock=base.clock,
        random=base.random,
        events=base.events,
        settings=settings,
    )
    return LoginWatch(base, homes, where, arrivals, Watching(homes, base.tried, arrivals, base.clock, settings))


def databases(root: Path, settings: Attacks) -> tuple[Path | None, Path | None]:
    """Of countries and of providers, as the settings name them."""
    country, provider = settings.country_mmdb, settings.asn_mmdb
    return (root / country if country else None), (root / provider if provider else None)
