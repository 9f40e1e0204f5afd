"""``skrytka check`` beside dkimpy: mail that it signs passes here, and both find the same changes.

Left out of the changes: what the two read differently on purpose (docs/notes/mailauth.md, "Measured").
"""

import base64
import json
import re
from pathlib import Path
from random import Random

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from skrytka.cli.main import run
from tests.support.sizes import pick

MESSAGES = pick(60, 600)
SIGNED_AT_S = "1900000000"
RSA = generate_private_key(65537, 2048)
PEM = RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
DER = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
RECORD = f"v=DKIM1; k=rsa; p={base64.b64encode(DER).decode()}"
NAME = "s1._domainkey.example.org"
BEFORE_PADDING = re.compile(rb"[A-Za-z](?==+(?:;|\r\n))")


def dkimpy_signs(message: bytes, methods: tuple[bytes, bytes]) -> bytes:
    field: bytes = dkim.sign(message, b"s1", b"example.org", PEM, canonicalize=methods)
    return field + message


def dkimpy_says(message: bytes) -> bool:
    def answer(name: bytes, timeout: int = 5) -> bytes:
        return RECORD.encode() if name.decode().lower() == f"{NAME}." else b""

    try:
        found: bool = dkim.verify(message, dnsfunc=answer)
    except (dkim.DKIMException, ValueError, KeyError):
        return False
    return found


def message_of(random: Random) -> bytes:
    words = ["alpha", "beta ", "  gamma", "\t", "delta", "=20", "żółw", "."]
    lines = ["".join(random.choices(words, k=random.randint(0, 6))) + "x" for _ in range(random.randint(1, 8))]
    header = random.sample(["X-A: one", "X-B:  two\r\n three", "Subject: żółw ", "Reply-To: a@b.example"], 3)
    text = ["From: Joe <joe@example.org>", "To: sue@example.net", *header, "", *lines, *[""] * random.randint(1, 3)]
    return "\r\n".join(text).encode()


def changed(random: Random, message: bytes) -> bytes:
    """One printable octet for another.

    Not the last of a base64 value: some of its bits stand for nothing, and dkimpy looks at none (RFC 4648 3.5).
    """
    last = {found.start() for found in BEFORE_PADDING.finditer(message)}
    letters = (place for place, octet in enumerate(message) if chr(octet).isalpha() and octet < 128)
    places = [place for place in letters if place not in last]
    place = random.choice(places)
    return message[:place] + bytes([message[place] ^ random.choice([1, 2, 32])]) + message[place + 1 :]


def test_both_find_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(11)
    messages = []
    for _ in range(MESSAGES):
        methods = (random.choice([b"simple", b"relaxed"]), random.choice([b"simple", b"relaxed"]))
        whole = dkimpy_signs(message_of(random), methods)
        messages += [whole, changed(random, whole)]
    (tmp_path / "zone.yml").write_text(json.dumps({NAME: [{"TXT": RECORD}]}))
    paths = [tmp_path / f"{number}.eml" for number in range(len(messages))]
    for path, message in zip(paths, messages, strict=True):
        path.write_bytes(message)
    assert run(["check", "--json", "--zone", str(tmp_path / "zone.yml"), "--at", SIGNED_AT_S, *map(str, paths)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ours = [any(each["result"] == "pass" for each in line["dkim"]) for line in lines]
    theirs = [dkimpy_says(message) for message in messages]
    assert all(ours[::2])
    assert not all(ours[1::2])
    differ = [(message, one, other) for message, one, other in zip(messages, ours, theirs, strict=True) if one != other]
    assert differ == []
