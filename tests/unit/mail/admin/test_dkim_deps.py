from skrytka.mail.admin.dkim_deps import DkimDeps
from skrytka.mail.admin.dkim_life import DAY_MS, Terms
from skrytka.model.clock import FixedClock
from skrytka.model.settings import Dkim
from skrytka.net.dns.zone import StaticZone


def test_settings_become_milliseconds() -> None:
    settings = Dkim(rotate_days=90, wait_hours=24, retire_days=7)
    deps = DkimDeps(resolver=lambda: StaticZone({}), age=FixedClock(), settings=settings)
    assert deps.terms == Terms(rotate_ms=90 * DAY_MS, wait_ms=DAY_MS, retire_ms=7 * DAY_MS)
