"""DKIM beside dkimpy: messages signed and verified a second, on one core, keys at hand.

``python -m bench.dkim [--no-save]``: a message of 5 kB with 12 fields, relaxed/relaxed, RSA-2048 and Ed25519. Each side
takes the message apart, hashes the body and does the arithmetic; the key's record comes from memory. Time is CPU.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import dkim as dkimpy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bench.results import Row, compare, save
from skrytka.mail.delivery.incoming import rescan
from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.results import Result
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY, SigningKey, sign
from skrytka.protocol.mailauth.dkim.signature import body_specs, read_claims
from skrytka.protocol.mailauth.dkim.tags import write_base64
from skrytka.protocol.mailauth.dkim.verify import verify
from skrytka.protocol.mailauth.query import Query, run_with

RUNS, PER_RUN = 9, 200
DOMAIN, SELECTOR = "example.org", "bench"
FIELDS = (
    "Received: from a.example.net (a.example.net [192.0.2.1])\r\n\tby mx.example.org with ESMTPS id 1;\r\n"
    "\tSun, 29 Nov 2026 10:00:00 +0100\r\n"
    "From: Jan Kowalski <jan@example.org>\r\nTo: Anna <anna@example.net>\r\nCc: office@example.net\r\n"
    "Subject: The minutes of the meeting of last week, with corrections\r\nDate: Sun, 29 Nov 2026 10:00:00 +0100\r\n"
    "Message-ID: <20261129100000.1@example.org>\r\nIn-Reply-To: <0@example.net>\r\nReferences: <0@example.net>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
)
MESSAGE = FIELDS.encode() + b"Some words of a message, with two  blanks here and one at the end. \r\n" * 72


def run() -> list[Row]:
    """Four rows; each side verifies what ours has signed."""
    rows = []
    keys: tuple[tuple[str, RSAPrivateKey | Ed25519PrivateKey], ...] = (
        ("RSA-2048", generate_private_key(65537, 2048)),
        ("Ed25519", Ed25519PrivateKey.generate()),
    )
    for name, key in keys:
        ours, its = _Ours(key), _Dkimpy(key)
        signed = ours.sign() + MESSAGE
        assert ours.is_right(signed)
        assert its.is_right(signed)
        assert ours.is_right(its.sign() + MESSAGE)
        pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "sign": (ours.sign, its.sign),
            "verify": (partial(ours.is_right, signed), partial(its.is_right, signed)),
        }
        for what, (our_act, its_act) in pairs.items():
            rates = [(_rate(our_act), _rate(its_act)) for _ in range(RUNS)]
            our_all, its_all = ([pair[side] for pair in rates] for side in (0, 1))
            rows.append(compare(f"DKIM {what}, {name}", our_all, its_all, goal=1.0, unit="msg/s of a core"))
    return rows


class _Ours:
    def __init__(self, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
        self._key = SigningKey(key, Domain.parse(DOMAIN), SELECTOR)
        if isinstance(key, RSAPrivateKey):
            kind, public = b"rsa", key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, public = b"ed25519", key.public_key().public_bytes_raw()
        self.record = record = b"v=DKIM1; k=" + kind + b"; p=" + write_base64(public)
        self._dns = {Query(f"{SELECTOR}._domainkey.{DOMAIN}", "TXT"): Answer(Status.NOERROR, (record,))}

    def sign(self) -> bytes:
        scan = rescan(MESSAGE)
        body = BodyHasher([SIGNED_BODY])
        body.feed(MESSAGE[len(scan.raw) :])
        return sign(Header(scan.fields), body.finish()[SIGNED_BODY], self._key, int(time.time()))

    def is_right(self, message: bytes) -> bool:
        scan = rescan(message)
        header = Header(scan.fields)
        claims = read_claims(header)
        body = BodyHasher(body_specs(claims))
        body.feed(message[len(scan.raw) :])
        (found,) = run_with(verify(header, claims, body.finish(), int(time.time())), self._dns)
        return found.result is Result.PASS


class _Dkimpy:
    def __init__(self, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
        self._record = _Ours(key).record
        if isinstance(key, RSAPrivateKey):
            self._algorithm = b"rsa-sha256"
            self._private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        else:
            self._algorithm = b"ed25519-sha256"
            self._private = write_base64(key.private_bytes_raw())

    def sign(self) -> bytes:
        method = (b"relaxed", b"relaxed")
        found: bytes = dkimpy.sign(
            MESSAGE,
            SELECTOR.encode(),
            DOMAIN.encode(),
            self._private,
            canonicalize=method,
            signature_algorithm=self._algorithm,
        )
        return found

    def is_right(self, message: bytes) -> bool:
        return bool(dkimpy.verify(message, dnsfunc=lambda *_args, **_more: self._record))


def _rate(act: Callable[[], object]) -> float:
    began_s = time.process_time()
    for _ in range(PER_RUN):
        act()
    return PER_RUN / (time.process_time() - began_s)


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="bench.dkim")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    rows = run()
    for row in rows:
        print(row.text())
    if not options.no_save:
        save(rows)


if __name__ == "__main__":
    main()
