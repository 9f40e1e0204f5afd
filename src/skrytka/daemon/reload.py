"""What SIGHUP changes at once and what waits for a restart."""

from skrytka.model.settings import Settings

# Bound, dropped, opened or counted once at the start.
AT_START = (
    "hostname",
    "is_demo",
    "user",
    "fronts",
    "exempt_networks",
    "listeners",
    "dns",
    "store",
    "events",
    "connections",
)


def restart_needed(old: Settings, new: Settings) -> list[str]:
    """Names of the settings that differ and are read at the start only."""
    return [name for name in AT_START if getattr(old, name) != getattr(new, name)]
