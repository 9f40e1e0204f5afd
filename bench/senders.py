"""Signed messages of a stranger into mailboxes, with SPF, DKIM and DMARC: beside Debian's programs for that."""

import imaplib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.generator import STRANGER
from bench.inbound import MAILBOXES, rows_of
from bench.ours import DOMAIN, Skrytka
from bench.results import Row
from bench.sender_peer import RESOLVER, CheckingPostfix
from skrytka.model.address import Domain
from skrytka.model.secret import Secret
from skrytka.protocol.mailauth.dkim.sign import SigningKey

PROFILES = (("inbound with SPF, DKIM and DMARC", 10, 5.0),)


@contextmanager
def stranger() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder where the generator finds a key to sign with, and the TXT records of its domain."""
    domain = STRANGER.partition("@")[2]
    private = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = SigningKey.load(Secret(private), Domain.parse(domain), "bench")
    records = {
        domain: "v=spf1 ip4:127.0.0.1 -all",
        f"_dmarc.{domain}": "v=DMARC1; p=reject; adkim=s",
        key.record_name: key.record,
    }
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the peer's own users must reach their part
        (root / "bench.pem").write_bytes(private)
        os.environ["BENCH_DKIM"] = str(root / "bench.pem")
        try:
            yield root, records
        finally:
            del os.environ["BENCH_DKIM"]


def run(messages: int, runs: int) -> list[Row]:
    """Alternating runs of both."""
    with stranger() as (root, records):
        peer = CheckingPostfix(root / "peer", 37000, records)
        ours = Skrytka(root / "ours", 36000, MAILBOXES, resolver=f"{RESOLVER}:53")
        return rows_of(ours, peer, PROFILES, messages, runs, look=lambda: look(ours, peer))


def look(ours: Skrytka, peer: CheckingPostfix) -> None:
    """Both have found all three to pass: whoever does not look is fast."""
    with imaplib.IMAP4_SSL("127.0.0.1", ours.imap_port, ssl_context=ours.tls()) as client:
        client.login(f"user0@{DOMAIN}", ours.password)
        _check(client, ours.name)
    with imaplib.IMAP4("127.0.0.1", peer.imap_port) as client:
        client.login("user0", peer.password)
        _check(client, peer.name)


def _check(client: imaplib.IMAP4, name: str) -> None:
    client.select("INBOX", readonly=True)
    found: list[Any] = client.fetch("1", "(BODY.PEEK[HEADER])")[1]
    header = found[0][1].decode("latin-1").lower()
    missing = [result for result in ("spf=pass", "dkim=pass", "dmarc=pass") if result not in header]
    if missing:
        raise RuntimeError(f"{name} has not found {missing}: {header}")
