"""A domain with all its records in order, and what is seen of it when some are others."""

import asyncio
import datetime as dt

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from skrytka.mail.admin.dns_memory import Memory
from skrytka.model.dns import Answer
from skrytka.net.dns.zone import StaticZone
from skrytka.protocol.mailauth.query import Check, Query
from skrytka.protocol.published.finding import State
from skrytka.protocol.published.judge import Finding, judge
from skrytka.protocol.published.trust import association_of
from skrytka.protocol.published.wanted import Association, Facts, KeyText, Served, wanted


def certificate_of(name: str) -> bytes:
    """DER of a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + dt.timedelta(days=90))
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


ED25519 = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
OTHER_ED25519 = "v=DKIM1; k=ed25519; p=PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
LEAF, ISSUER, NEXT = (certificate_of(name) for name in ("leaf", "issuer", "next"))

FACTS = Facts(
    domain="example.org",
    hostname="mail.example.org",
    addresses=("192.0.2.25", "2001:db8::25"),
    senders=("192.0.2.25", "2001:db8::25"),
    report_address="postmaster@example.org",
    ports={"submission": 587, "submissions": 465, "imap": 143, "imaps": 993},
    keys=(KeyText("s1", ED25519),),
    served=(Served(25, (LEAF, ISSUER)), Served(993, (LEAF, ISSUER))),
    associations=(Association(25, association_of(LEAF)), Association(993, association_of(LEAF))),
    policy_id="20261129",
    issuers=("letsencrypt.org",),
)
REVERSE6 = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
LEAF_TLSA = f"3 1 1 {association_of(LEAF).data.hex()}"

ZONE: dict[tuple[str, str], list[object]] = {
    ("example.org", "SOA"): ["ns.example.org. hostmaster.example.org. 1 3600 600 86400 300"],
    ("example.org", "MX"): [[10, "mail.example.org"]],
    ("example.org", "TXT"): ["v=spf1 mx -all"],
    ("mail.example.org", "A"): ["192.0.2.25"],
    ("mail.example.org", "AAAA"): ["2001:db8::25"],
    ("mail.example.org", "TXT"): ["v=spf1 a -all"],
    ("mail.example.org", "CAA"): ['0 issue "letsencrypt.org"'],
    ("s1._domainkey.example.org", "TXT"): [ED25519.decode()],
    ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org"],
    ("_25._tcp.mail.example.org", "TLSA"): [LEAF_TLSA],
    ("_993._tcp.mail.example.org", "TLSA"): [LEAF_TLSA],
    ("_mta-sts.example.org", "TXT"): ["v=STSv1; id=20261129"],
    ("mta-sts.example.org", "CNAME"): ["mail.example.org"],
    ("_smtp._tls.example.org", "TXT"): ["v=TLSRPTv1; rua=mailto:postmaster@example.org"],
    ("_submissions._tcp.example.org", "SRV"): ["0 1 465 mail.example.org."],
    ("_imaps._tcp.example.org", "SRV"): ["0 1 993 mail.example.org."],
    ("_submission._tcp.example.org", "SRV"): ["0 0 0 ."],
    ("_imap._tcp.example.org", "SRV"): ["0 0 0 ."],
    ("autoconfig.example.org", "CNAME"): ["mail.example.org"],
    ("autodiscover.example.org", "CNAME"): ["mail.example.org"],
    ("25.2.0.192.in-addr.arpa", "PTR"): ["mail.example.org"],
    (REVERSE6, "PTR"): ["mail.example.org"],
}

Changes = dict[tuple[str, str], list[object]]


def zone_of(changes: Changes | None = None) -> StaticZone:
    """The good zone with other records in place; an empty list removes those of a name and type."""
    table: dict[str, list[dict[str, object]]] = {}
    for (name, rdtype), values in (ZONE | (changes or {})).items():
        table.setdefault(name, []).extend({rdtype: value} for value in values)
    return StaticZone.parse(msgspec.yaml.encode({name: entries for name, entries in table.items() if entries}).decode())


def run(
    check: Check[Finding], zone: StaticZone, *, is_authentic: bool = True, silent: frozenset[Query] = frozenset()
) -> Finding:
    """Drive one check; ``silent`` names what nobody answers."""
    try:
        query = next(check)
        while True:
            answer: Answer | None = None
            if query not in silent:
                found = asyncio.run(zone.query(query.name, query.rdtype))
                answer = msgspec.structs.replace(found, is_authentic=is_authentic)
            query = check.send(answer)
    except StopIteration as done:
        result: Finding = done.value
        return result


def look(changes: Changes | None = None, facts: Facts = FACTS, *, is_authentic: bool = True) -> list[Finding]:
    """All findings about the domain."""
    zone = zone_of(changes)
    return [run(judge(each, facts), zone, is_authentic=is_authentic) for each in wanted(facts)]


def unlike(findings: list[Finding]) -> list[tuple[str, str, State, str]]:
    """What is not right: name, type, state, problem."""
    return [
        (each.wanted.name, each.wanted.rdtype, each.seen.state, each.seen.problem or "")
        for each in findings
        if each.seen.state is not State.RIGHT
    ]


class Kept:
    """A MemoryKeeper without a file."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.failure: OSError | None = None

    def load(self) -> Memory:
        return self.memory

    def save(self, memory: Memory) -> None:
        self.memory = memory
        if self.failure is not None:
            raise self.failure
