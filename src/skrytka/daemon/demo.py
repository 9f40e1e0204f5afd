"""The demo: a real installation on loopback with four accounts, made once and started again as it was."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import tomlkit

from skrytka.daemon import installation
from skrytka.daemon.files import write_private
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import FolderLock
from skrytka.daemon.offline import actor, offline
from skrytka.daemon.passwords import random_password
from skrytka.mail.admin.dkim import DkimRecord
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.net.authority import days_left

DOMAIN = "example.test"
HOSTNAME = "mail.example.test"
CERTIFICATE_NAMES = ("localhost", HOSTNAME, "127.0.0.1", "::1")
ADDRESSES = ("127.0.0.1",)
# The services that are here already
STANDARD_PORTS = {
    "smtp": 25,
    "submission": 587,
    "submissions": 465,
    "imap": 143,
    "imaps": 993,
    "http": 80,
    "https": 443,
    "api": 8443,
    "web": 8442,
}
HIGHEST_PORT = 8443
PORT_BASE = 20_000
USERS = ("alice", "bob", "carol")
ADMIN_ADDRESS = f"admin@{DOMAIN}"
_AUTHORITY = "Skrytka demo authority"
RENEW_DAYS = 30.0
ZONE = """\
# All the DNS that the demo knows; names that are not here do not exist. Reread at a restart.
example.test:
  - MX: [10, mail.example.test]
  - TXT: "v=spf1 mx -all"
# A real domain asks for reject; here somebody tries things from outside and calls himself alice or bob
_dmarc.example.test:
  - TXT: "v=DMARC1; p=none"
mail.example.test:
  - A: 127.0.0.1
example.net:
  - MX: [10, mail.example.net]
  - TXT: "v=spf1 ip4:127.0.0.1 -all"
  - A: 127.0.0.1
mail.example.net:
  - A: 127.0.0.1
# Mail from these two is forged whoever sends it: to try what DMARC does
bank.test:
  - TXT: "v=spf1 -all"
_dmarc.bank.test:
  - TXT: "v=DMARC1; p=reject"
shop.test:
  - TXT: "v=spf1 -all"
_dmarc.shop.test:
  - TXT: "v=DMARC1; p=quarantine"
1.0.0.127.in-addr.arpa:
  - PTR: mail.example.net
"""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """``demo.json``, as outsiders read it. The passwords are the demo's: meant to be seen."""

    ca: str
    config: str
    ports: dict[str, int]
    accounts: dict[str, str]


def make(root: Path, port_base: int | None, clock: Clock, random: Random) -> Made:
    """Make or mend the folder. A second call keeps mail, passwords and, unless ``port_base`` is given, ports.

    TransientError(STORE_BUSY) when a server runs there.
    """
    layout = Layout(root.absolute())
    if not layout.config.exists() or layout.incomplete.exists():
        _create(layout, ports_from(PORT_BASE if port_base is None else port_base), clock, random)
    elif not layout.demo_json.exists():
        raise PermanentError(Reason.ALREADY_EXISTS, f"{root} is an installation but no demo; choose another with --dir")
    else:
        lock = FolderLock.take(layout.lock)
        try:
            _mend(layout, port_base, clock)
        finally:
            lock.close()
        _publish_keys(layout)
    return read(layout)


def _mend(layout: Layout, port_base: int | None, clock: Clock) -> None:
    if port_base is not None:
        _move_ports(layout, ports_from(port_base))
    elif STANDARD_PORTS.keys() - read(layout).ports.keys():  # of an older Skrytka: the new services move in beside
        _move_ports(layout, ports_from(read(layout).ports["smtp"] - STANDARD_PORTS["smtp"]))
    if read(layout).config != str(layout.config):  # the folder was moved or copied: it is not the old one that starts
        made = read(layout)
        _write_json(layout, made.ports, made.accounts)
    if days_left((layout.root / installation.CERTIFICATE).read_bytes(), clock) < RENEW_DAYS:
        installation.write_certificate(layout, _AUTHORITY, CERTIFICATE_NAMES, clock)


def read(layout: Layout) -> Made:
    """The facts of a demo that is there."""
    return msgspec.json.decode(layout.demo_json.read_bytes(), type=Made)


def ports_from(base: int) -> dict[str, int]:
    """The demo's ports; PermanentError(BAD_SYNTAX) when one of them could not exist."""
    if not 0 <= base <= 65535 - HIGHEST_PORT:
        raise PermanentError(Reason.BAD_SYNTAX, f"--port-base is 0 to {65535 - HIGHEST_PORT}")
    return {name: base + port for name, port in STANDARD_PORTS.items()}


def _create(layout: Layout, ports: dict[str, int], clock: Clock, random: Random) -> None:
    wanted = installation.Wanted(
        hostname=HOSTNAME,
        certificate_names=CERTIFICATE_NAMES,
        authority_name=_AUTHORITY,
        ports=ports,
        addresses=ADDRESSES,
        is_demo=True,
        zone_file=layout.zone.name,
        exempt_networks=("127.0.0.1/32",),
    )
    installation.create(layout, wanted, clock, random)
    addresses = (*(f"{name}@{DOMAIN}" for name in USERS), ADMIN_ADDRESS)
    accounts = {address: random_password(random) for address in addresses}
    records = _add_accounts(layout, accounts)
    write_private(layout.zone, ZONE.encode() + _zone_of(records))
    _write_json(layout, ports, accounts)
    installation.finish(layout)


def _write_json(layout: Layout, ports: dict[str, int], accounts: dict[str, str]) -> None:
    made = Made(ca=str(layout.root / installation.AUTHORITY), config=str(layout.config), ports=ports, accounts=accounts)
    write_private(layout.demo_json, msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")


def _move_ports(layout: Layout, ports: dict[str, int]) -> None:
    """Other ports for the same demo; comments and whatever else was changed in the settings stay."""
    document = tomlkit.parse(layout.config.read_text())
    listeners = document.setdefault("listeners", tomlkit.table())
    for name, port in ports.items():
        listener = listeners.setdefault(name, tomlkit.table())
        listener["port"] = port
        listener["addresses"] = list(ADDRESSES)
    write_private(layout.config, tomlkit.dumps(document).encode())
    _write_json(layout, ports, read(layout).accounts)


def _publish_keys(layout: Layout) -> None:
    """Of a demo that an older Skrytka made: its domain gets keys, and its zone their records."""
    zone = layout.zone.read_bytes()
    if b"._domainkey." in zone:
        return

    async def records() -> Sequence[DkimRecord]:
        async with offline(layout) as session:
            if not await session.admin.dkim.list(DOMAIN):
                await session.admin.dkim.rotate(DOMAIN, actor())
            return await session.admin.dkim.records(DOMAIN)

    write_private(layout.zone, zone.rstrip(b"\n") + b"\n" + _zone_of(asyncio.run(records())))


def _zone_of(records: Sequence[DkimRecord]) -> bytes:
    """The keys that sign the demo's mail, as they are published."""
    return "".join(f'{record.name}:\n  - TXT: "{record.text}"\n' for record in records).encode()


def _add_accounts(layout: Layout, accounts: dict[str, str]) -> Sequence[DkimRecord]:
    """The people may use every service, the administrator the web alone."""

    async def add() -> Sequence[DkimRecord]:
        async with offline(layout) as session:
            await session.admin.init(DOMAIN, ADMIN_ADDRESS, Secret(accounts[ADMIN_ADDRESS]), actor())
            for address, password in accounts.items():
                if address != ADMIN_ADDRESS:
                    await session.admin.accounts.add(address, Secret(password), actor())
            return await session.admin.dkim.records(DOMAIN)

    return asyncio.run(add())
