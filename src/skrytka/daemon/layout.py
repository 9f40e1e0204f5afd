"""Where things lie in the folder of one installation (docs/at-rest.md lists every file)."""

from pathlib import Path

import msgspec

CONFIG_NAME = "skrytka.toml"


class Layout(msgspec.Struct, frozen=True):
    """The folder and the paths in it; nothing here touches the disk."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / CONFIG_NAME

    @property
    def demo_json(self) -> Path:
        return self.root / "demo.json"

    @property
    def zone(self) -> Path:
        return self.root / "zone.yml"

    @property
    def incomplete(self) -> Path:
        """There while the folder is being made."""
        return self.root / ".incomplete"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def master_key(self) -> Path:
        return self.keys / "master.key"

    @property
    def recovery(self) -> Path:
        return self.keys / "recovery.json"

    @property
    def tls(self) -> Path:
        return self.keys / "tls"

    @property
    def ring(self) -> Path:
        return self.root / "ring" / "ring.sqlite"

    @property
    def certificates(self) -> Path:
        """Those that were ordered from authorities, with their keys; there from the first order on."""
        return self.ring.with_name("tls")

    @property
    def challenges(self) -> Path:
        """What authorities look for while something is ordered."""
        return self.run / "challenges"

    @property
    def known_time(self) -> Path:
        """The last time of model.clock.AgeClock."""
        return self.ring.with_name("known-time")

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def dns_memory(self) -> Path:
        """What was seen of hosted domains' DNS, and what was published there."""
        return self.store / "dns.json"

    @property
    def breaches(self) -> Path:
        """Hashes of breached passwords, once a list was imported."""
        return self.store / "breaches.bin"

    @property
    def events(self) -> Path:
        return self.root / "events"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    @property
    def control_socket(self) -> Path:
        return self.run / "control.sock"

    @property
    def counters(self) -> Path:
        """What the supervisor has counted (``daemon.counters``)."""
        return self.run / "counters"

    @property
    def openssl_conf(self) -> Path:
        return self.run / "openssl.cnf"

    @property
    def writable(self) -> tuple[Path, ...]:
        """Folders that the server writes to once it has dropped root."""
        return (self.ring.parent, self.store, self.events, self.run)
