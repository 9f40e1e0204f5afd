"""What the life of DKIM keys needs beside what all administration has."""

from collections.abc import Callable
from dataclasses import dataclass, field

from skrytka.mail.admin.dkim_life import DAY_MS, Terms
from skrytka.model.clock import Clock
from skrytka.model.settings import Dkim
from skrytka.net.dns.resolver import Resolver

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimDeps:
    """Made by the composition root."""

    resolver: Callable[[], Resolver]  # a new one each time: nothing is remembered from the last look
    age: Clock  # of what is given up for its age: model.clock.AgeClock
    settings: Dkim = field(default_factory=Dkim)

    @property
    def terms(self) -> Terms:
        settings = self.settings
        return Terms(
            rotate_ms=settings.rotate_days * DAY_MS,
            wait_ms=settings.wait_hours * HOUR_MS,
            retire_ms=settings.retire_days * DAY_MS,
        )
