"""``skrytka password breaches``: the list of breached passwords of an installation, with the server running or not."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from skrytka.daemon import config, privileges
from skrytka.daemon.layout import Layout
from skrytka.mail.identity.breach import BreachList
from skrytka.mail.identity.breach_import import import_breaches


class BreachFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The list that is there."""

    file: str
    hashes: int  # 0: no list was imported
    imported_at_ms: int | None = None


def take_in(layout: Layout, source: Path, tell: Callable[[int], None]) -> BreachFacts:
    """Import it with the rights of the server's user; running fronts see it at the next password that is changed.

    ``tell`` hears how many octets were read.
    """
    user = privileges.wanted_user(config.load(layout.config).settings.user)
    with source.open("rb") as file, privileges.acting_as(user):
        import_breaches(file, layout.breaches, tell)
        return facts(layout)


def facts(layout: Layout) -> BreachFacts:
    """PermanentError(CORRUPT) for a list that is damaged."""
    breaches = BreachList(layout.breaches)
    try:
        hashes = len(breaches)
    finally:
        breaches.close()
    at_ms = layout.breaches.stat().st_mtime_ns // 1_000_000 if hashes else None
    return BreachFacts(file=str(layout.breaches), hashes=hashes, imported_at_ms=at_ms)
