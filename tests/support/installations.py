"""A folder like one that ``skrytka init`` made, small and quick, for tests of the daemon."""

from pathlib import Path

from skrytka.daemon import installation
from skrytka.daemon.layout import Layout
from skrytka.model.clock import FixedClock
from skrytka.model.secret import Secret
from skrytka.store.system import SystemRandom

CLOCK = FixedClock()


def make(root: Path, *, ports: dict[str, int] | None = None, is_demo: bool = False, user: str | None = None) -> Secret:
    """Make it and confirm nothing; the text of the recovery key."""
    layout = Layout(root)
    wanted = installation.Wanted(
        hostname="mail.example.test",
        certificate_names=("localhost", "127.0.0.1"),
        authority_name="Test",
        ports=ports or {},
        addresses=("127.0.0.1",),
        user=user,
        is_demo=is_demo,
    )
    recovery = installation.create(layout, wanted, CLOCK, SystemRandom())
    installation.finish(layout)
    return recovery.text()


def make_confirmed(root: Path, **options: object) -> Layout:
    """One that ``serve`` starts."""
    text = make(root, **options)  # type: ignore[arg-type]
    installation.confirm_recovery(Layout(root), text, CLOCK)
    return Layout(root)
