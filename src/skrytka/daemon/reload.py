"""What SIGHUP changes at once and what waits for a restart."""

from functools import reduce

from skrytka.model.settings import Outbound, Settings

# Bound, dropped, opened or counted once at the start; docs/settings.md says the same of each.
AT_START = (
    "hostname",
    "is_demo",
    "user",
    "fronts",
    "exempt_networks",
    "listeners",
    "tls.legacy",
    "api.is_client_certificate_needed",
    "attacks.country_files",
    "attacks.stuffing_names",
    "attacks.stuffing_networks",
    *(f"outbound.{name}" for name in Outbound.__struct_fields__ if name != "is_paused"),
    "dns",
    "dkim",
    "store.wal_checkpoint_bytes",
    "events",
    "connections",
    "passwords",
    "directory",
    "providers",
    "oauth.is_well_known_taken",
)


def restart_needed(old: Settings, new: Settings) -> list[str]:
    """Names of the settings that differ and are read at the start only."""
    return [name for name in AT_START if _value(old, name) != _value(new, name)]


def _value(settings: Settings, name: str) -> object:
    return reduce(getattr, name.split("."), settings)
