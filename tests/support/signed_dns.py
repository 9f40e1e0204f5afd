"""A DNS of its own on loopback: Debian's knot with a signed root, and unbound that validates on its key, or does not.

Everything stands in the root zone but what is below ``insecure.``, which is a zone without signatures, and ``bogus.``,
whose parent vouches for another key than it has.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.update

from tests.support.needs import SYSTEM_PATH
from tests.support.ports import free_base

START_S = 30.0
KNOT = """\
server:
    listen: [{listen}]
    rundir: "{root}"
database:
    storage: "{root}"
policy:
  - id: one
    algorithm: ECDSAP256SHA256
    single-type-signing: on
acl:
  - id: anybody
    address: 127.0.0.1
    action: update
template:
  - id: default
    storage: "{root}"
    zonefile-sync: -1
zone:
  - domain: .
    file: root.zone
    dnssec-signing: on
    dnssec-policy: one
  - domain: insecure.
    file: insecure.zone
    acl: anybody
  - domain: bogus.
    file: bogus.zone
    dnssec-signing: on
    dnssec-policy: one
{zones}"""
ZONE = """\
  - domain: {zone}.
    file: {zone}.zone
    dnssec-signing: on
    dnssec-policy: one
"""
OWN_HEAD = """\
$TTL 60
@ SOA ns1 admin 1 3600 600 86400 60
@ NS ns1
@ NS ns2
ns1 A {first}
ns2 A {second}
"""
HEAD = "$TTL 60\n@ SOA ns.test. admin.test. 1 3600 600 86400 60\n@ NS ns.test.\n"
ROOT = """\
ns.test. A 127.0.0.1
insecure. NS ns.insecure.
bogus. NS ns.bogus.
bogus. DS 12345 13 2 {digest}
"""
UNBOUND = """\
server:
    interface: 127.0.0.1@{port}
    {more}
    directory: "{root}"
    username: ""
    chroot: ""
    pidfile: "{root}/unbound-{port}.pid"
    use-syslog: no
    logfile: "{root}/unbound-{port}.log"
    do-daemonize: no
    do-not-query-localhost: no
    do-ip6: no
    access-control: 127.0.0.0/8 allow
    module-config: "{modules}"
    num-threads: 1
    local-zone: "test." nodefault
    local-zone: "127.in-addr.arpa." nodefault
    {anchor}
remote-control:
    control-enable: no
"""
STUB = 'stub-zone:\n    name: "{zone}"\n    stub-addr: 127.0.0.1@{port}\n    stub-prime: no\n'


class SignedDns(NamedTuple):
    """Ports of 127.0.0.1."""

    validating: int
    plain: int  # of a resolver that validates nothing
    authoritative: int  # of Knot itself
    address: str  # of the validating one on port 53, for programs that know no other; "" where only root could have it

    def change(self, name: str, rdtype: str, value: str) -> None:
        """Replace the records of a name below ``insecure.``, which live a second."""
        change = dns.update.UpdateMessage("insecure.")
        change.replace(f"{name}.", 1, rdtype, value)
        answer = dns.query.tcp(change, "127.0.0.1", port=self.authoritative, timeout=10)
        assert answer.rcode() == dns.rcode.NOERROR, answer


@contextlib.contextmanager
def signed_dns(
    signed: str,
    insecure: str = "",
    bogus: str = "",
    *,
    zones: Mapping[str, str] | None = None,
    servers: tuple[str, str] = ("", ""),
) -> Iterator[SignedDns]:
    """Records as a zone file has them, with full names.

    ``zones`` are signed zones of their own, with a chain of trust from the root; their two name servers have the
    addresses ``servers`` and port 53, so only root can have any.
    """
    root = Path(tempfile.mkdtemp(prefix="skrytka-dns-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        knot = free_base([0])
        listen = ", ".join([f"127.0.0.1@{knot}", *(f"{address}@53" for address in servers if address)])
        own = "".join(ZONE.format(zone=zone) for zone in zones or {})
        (root / "knot.conf").write_text(KNOT.format(listen=listen, root=root, zones=own))
        for zone, text in (zones or {}).items():
            (root / f"{zone}.zone").write_text(OWN_HEAD.format(first=servers[0], second=servers[1]) + text)
            signed += _delegation(root, zone, servers)
        _write_zones(root, signed, insecure, bogus)
        _run(stack, root, ["knotd", "-c", str(root / "knot.conf")])
        anchor = root / "anchor.key"
        anchor.write_text(_wait_for_key(knot, root))
        found = []
        address = f"127.77.{os.getpid() % 250}.{1 + knot % 250}" if os.geteuid() == 0 else ""
        more = f"interface: {address}@53" if address else ""
        trust = f'trust-anchor-file: "{anchor}"'
        for modules, line, also in (("validator iterator", trust, more), ("iterator", "", "")):
            port = free_base([0])
            text = UNBOUND.format(port=port, root=root, modules=modules, anchor=line, more=also)
            text += "".join(STUB.format(zone=zone, port=knot) for zone in (".", "insecure.", "bogus."))
            conf = root / f"unbound-{port}.conf"
            conf.write_text(text)
            _run(stack, root, ["unbound", "-d", "-c", str(conf)])
            _wait_until_it_answers(port, root)
            found.append(port)
        yield SignedDns(found[0], found[1], knot, address)


def _write_zones(root: Path, signed: str, insecure: str, bogus: str) -> None:
    (root / "root.zone").write_text(HEAD + ROOT.format(digest="00" * 32) + signed)
    (root / "insecure.zone").write_text(HEAD + "ns.insecure. A 127.0.0.1\n" + insecure)
    (root / "bogus.zone").write_text(HEAD + "ns.bogus. A 127.0.0.1\n" + bogus)


def _delegation(root: Path, zone: str, servers: tuple[str, str]) -> str:
    """Of the root: name servers, and the key that the zone will be signed with."""
    keymgr = ["keymgr", "-c", str(root / "knot.conf"), f"{zone}."]
    environment = os.environ | {"PATH": SYSTEM_PATH}
    words = ["generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes"]
    subprocess.run([*keymgr, *words], env=environment, check=True, capture_output=True)
    done = subprocess.run([*keymgr, "ds"], env=environment, check=True, capture_output=True, text=True)
    pairs = zip(("ns1", "ns2"), servers, strict=True)
    names = "".join(f"{zone}. NS {name}.{zone}.\n{name}.{zone}. A {at}\n" for name, at in pairs)
    return names + "".join(line + "\n" for line in done.stdout.splitlines() if " DS " in line)


def _run(stack: contextlib.ExitStack, root: Path, command: Sequence[str]) -> None:
    log = stack.enter_context((root / "output").open("ab"))
    environment = os.environ | {"PATH": SYSTEM_PATH}
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)


def _wait_for_key(port: int, root: Path) -> str:
    """The DNSKEY of the root, once it is signed."""
    query = dns.message.make_query(".", dns.rdatatype.DNSKEY, want_dnssec=True)
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError, dns.exception.DNSException):
            answer = dns.query.tcp(query, "127.0.0.1", port=port, timeout=1)
            if len(answer.answer) == 2:
                return "".join(f". IN DNSKEY {key.to_text()}\n" for key in answer.answer[0])
        time.sleep(0.1)
    raise AssertionError((root / "output").read_text())


def _wait_until_it_answers(port: int, root: Path) -> None:
    query = dns.message.make_query("ns.test.", dns.rdatatype.A)
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError, dns.exception.DNSException):
            if dns.query.udp(query, "127.0.0.1", port=port, timeout=1).answer:
                return
        time.sleep(0.1)
    raise AssertionError((root / "output").read_text() + "".join(p.read_text() for p in root.glob("unbound-*.log")))
