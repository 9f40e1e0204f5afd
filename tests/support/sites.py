"""Whole installations in a DNS of their own: on addresses of 127.0.0.0/8 with the ports of the world, so as root.

Each is made by ``skrytka init`` and runs as ``skrytka serve``. The signed root has what ``skrytka dns`` prints for
their domains, and what a test adds. An authority of the test stands for those that everybody trusts.
"""

import contextlib
import imaplib
import json
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit

from skrytka.daemon.config import load
from skrytka.daemon.public import published_policy
from tests.support.chains import issue, tlsa, write_chain
from tests.support.ports import free_base
from tests.support.production import Installation
from tests.support.signed_dns import SignedDns, signed_dns

PORTS = {"smtp": 25, "submission": 587, "submissions": 465, "imap": 143, "imaps": 993, "http": 80, "https": 443}
PASSWORD = "quarry lantern harbour 52 violet"
NETWORK = "127.88"
AUTHORITY = issue("authority of everybody", is_authority=True)
RESULT_S = 60.0
_COMMENTED = re.compile(r"^; (?=\S+\. \d+ IN [A-Z]+ [^<])", re.MULTILINE)
Event = dict[str, Any]


class Site(Installation):
    """One server with one domain, and eva who has an account there."""

    domain = ""
    address = ""

    @classmethod
    def at(cls, root: Path, domain: str, address: str, *, names: Sequence[str] = ()) -> "Site":
        """Made, not started: its resolver comes with :meth:`ask`. ``names``: of its certificate besides its own."""
        site = cls(root)
        site.domain, site.address = domain, address
        key = site.recovery_file
        site.do("init", domain, "--recovery-key-file", str(key), "--password-stdin", text=PASSWORD)
        site.do("recovery", "confirm", text=key.read_text())
        site.do("account", "add", f"eva@{domain}", "--password-stdin", text=PASSWORD)
        leaf = issue(site.hostname, AUTHORITY, names=(site.hostname, f"mta-sts.{domain}", *names))
        write_chain(root / "keys/tls", leaf, AUTHORITY, stem="server")
        (root / "keys/tls/server.pem").with_name("server.key").chmod(0o600)
        write_chain(root, AUTHORITY, stem="authority")
        site.change(
            {
                "dns": {"addresses": [address], "timeout_s": 10.0},
                "outbound": {"source_addresses": [address], "ca_file": "authority.pem", "retry_s": [86_400]},
                "mta_sts": {"mode": "enforce"},
                "security_txt": {"contacts": [f"mailto:security@{domain}"]},
            }
        )
        return site

    @property
    def hostname(self) -> str:
        return f"mail.{self.domain}"

    def change(self, tables: dict[str, dict[str, object]]) -> None:
        """Keys of tables of its settings."""
        path = self.root / "skrytka.toml"
        document = tomlkit.parse(path.read_text())
        for name, listener in document["listeners"].items():
            listener["port"], listener["addresses"] = PORTS[name], [self.address]
        for name, values in tables.items():
            document.setdefault(name, tomlkit.table()).update(values)
        path.write_text(tomlkit.dumps(document))

    def ask(self, resolver: int) -> None:
        """From the next start on."""
        self.change({"dns": {"resolvers": [f"127.0.0.1:{resolver}"], "server_networks": ["127.0.0.0/8"]}})

    def zone(self, domain: str = "") -> str:
        """What ``skrytka dns --bind`` prints, with what belongs into other zones: here all is in one."""
        return _COMMENTED.sub("", self.do("dns", domain or self.domain, "--bind"))

    def has(self, line: str) -> bool:
        """Whether a line of a zone file is of its domain."""
        return f".{line}".partition(" ")[0].endswith(f".{self.domain}.")

    def tls(self) -> ssl.SSLContext:
        """Trusts the authority alone, and looks at the name."""
        return ssl.create_default_context(cafile=self.root / "authority.pem")

    def authority_tlsa(self) -> str:
        """Of whoever vouches for its certificate: 2 1 1."""
        return f"2 1 1 {tlsa(2, 1, 1, AUTHORITY).data.hex()}"

    def policy_record(self, *, mode: str) -> str:
        """What DNS would have to have for MTA-STS after that change of the settings, which stays."""
        self.change({"mta_sts": {"mode": mode}})
        policy = published_policy(load(self.root / "skrytka.toml").settings)
        assert policy is not None
        return f'"{policy.record().removesuffix(";")}"'

    @contextlib.contextmanager
    def client(self, address: str, password: str) -> Iterator[imaplib.IMAP4_SSL]:
        """Logged in over IMAPS."""
        context = self.tls()
        context.check_hostname = False  # it is reached by its address
        with imaplib.IMAP4_SSL(self.address, PORTS["imaps"], ssl_context=context, timeout=20) as client:
            client.login(address, password)
            yield client

    # -- mail -----------------------------------------------------------------------------------------------------

    def submit(self, recipient: str, subject: str = "hello") -> str:
        """The trace of a message from eva."""
        sender = f"eva@{self.domain}"
        message = f"From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nbody\r\n"
        with smtplib.SMTP(self.address, 587, timeout=20) as session:
            session._host = self.hostname  # type: ignore[attr-defined]  # for SNI, and the name of its certificate
            session.starttls(context=self.tls())
            session.login(sender, PASSWORD)
            session.mail(sender)
            session.rcpt(recipient)
            code, text = session.data(message.encode())
            assert code == 250, text
            return text.decode().split()[-1]

    def events(self, trace: str) -> list[Event]:
        """Those that are written by now: a message is answered a tenth of a second before."""
        done = self.run("trace", trace, "--json")
        found: list[Event] = json.loads(done.stdout) if done.returncode == 0 else []
        return found

    def wait_until(self, is_so: Callable[[], Any], seconds: float = RESULT_S) -> Any:
        """What it gave; AssertionError with what the server printed."""
        end = time.monotonic() + seconds
        while not (found := is_so()):
            assert time.monotonic() < end, self.output
            time.sleep(0.2)
        return found

    def became(self, trace: str) -> Event:
        """The event that says what became of a message that leaves: ``message_relayed`` or ``delivery_deferred``."""
        ends = {"message_relayed", "delivery_deferred", "delivery_failed"}
        return self.wait_until(lambda: next((e for e in self.events(trace) if e["kind"] in ends), None))  # type: ignore[no-any-return]

    def session_of(self, trace: str) -> Event:
        """The fields of its last ``outbound_tls``."""
        found = [event["fields"] for event in self.events(trace) if event["kind"] == "outbound_tls"]
        return dict(found[-1]) if found else {}


More = Callable[[Site, Site, str], tuple[str, str]]


class World(NamedTuple):
    """Two of them that know each other by DNS, running."""

    a: Site
    b: Site
    dns: SignedDns
    base: str  # "127.88.7." for further servers


def network() -> str:
    """The first octets of addresses that no other test of this machine has now."""
    number = free_base([0])
    return f"{NETWORK}.{number % 250}."


@contextlib.contextmanager
def two_sites(root: Path, more: More, *, names: Sequence[str] = (), hosted: Sequence[str] = ()) -> Iterator[World]:
    """a.test and b.test; ``more`` gives further records of the signed zone and of the unsigned one.

    ``names`` are in b's certificate too, and b takes mail for the domains of ``hosted`` too.
    """
    base = network()
    a = Site.at(root / "a", "a.test", f"{base}1")
    b = Site.at(root / "b", "b.test", f"{base}2", names=names)
    for domain in hosted:
        b.do("domain", "add", domain)
    signed, insecure = more(a, b, base)
    lines = f"{a.zone()}{b.zone()}{signed}".splitlines(keepends=True)
    zones = {site.domain: "".join(line for line in lines if site.has(line)) for site in (a, b)}
    elsewhere = "".join(line for line in lines if not (a.has(line) or b.has(line)))
    with signed_dns(elsewhere, insecure, zones=zones, servers=(f"{base}53", f"{base}54")) as dns:
        for site in (a, b):
            site.ask(dns.validating)
        with a, b:
            yield World(a, b, dns, base)
