"""Each octet of a signed message changed is noticed by ``skrytka check``; broken mail never ends in an error."""

import json
from pathlib import Path
from random import Random

import pytest

from skrytka.cli.main import run
from skrytka.protocol.mailauth.dkim.sign import SigningKey
from tests.support.arc import seal
from tests.support.dkim import MESSAGE, NOW_S, ed25519_key, handmade, rsa_key, signed
from tests.support.sizes import pick

OURS = MESSAGE.replace(b"joe@football.example.com", b"joe@example.org", 1)
ALL_FIELDS = "h=from:to:subject:date:message-id:from:to:subject:date:message-id"
SIMPLE = handmade(f"v=1; a=ed25519-sha256; d=example.org; s=e1; c=simple/simple; {ALL_FIELDS}", OURS)
MASKS = pick((1,), (1, 2, 4, 8, 16, 64, 128))  # not 32: the case of a name is not signed
BROKEN = pick(150, 3000)


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    keys: list[SigningKey] = [rsa_key(), ed25519_key()]
    path = tmp_path / "zone.yml"
    path.write_text(json.dumps({key.record_name: [{"TXT": key.record}] for key in keys}))
    return path


def check(capsys: pytest.CaptureFixture[str], zone: Path, messages: list[bytes]) -> list[dict[str, object]]:
    paths = [zone.parent / f"{number}.eml" for number in range(len(messages))]
    for path, message in zip(paths, messages, strict=True):
        path.write_bytes(message)
    assert run(["check", "--json", "--zone", str(zone), "--at", str(NOW_S), *map(str, paths)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def passes(found: dict[str, object]) -> bool:
    signatures = found["dkim"]
    assert isinstance(signatures, list)
    return any(each["result"] == "pass" for each in signatures)


@pytest.mark.parametrize("message", [signed(OURS, rsa_key()), SIMPLE], ids=["rsa relaxed", "ed25519 simple"])
def test_each_octet_of_a_signed_message_counts(message: bytes, zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But white space for a CR: a file may have lines that end in LF, and white space at their end may be no change."""
    places = [
        (place, mask)
        for place, octet in enumerate(message)
        for mask in MASKS
        if not (octet == ord("\r") and octet ^ mask in b" \t")
    ]
    changed = [message[:place] + bytes([message[place] ^ mask]) + message[place + 1 :] for place, mask in places]
    whole, *others = check(capsys, zone, [message, *changed])
    assert passes(whole)
    assert [place for place, one in zip(places, others, strict=True) if passes(one)] == []


def test_each_octet_of_a_chain_counts(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = seal(seal(OURS), 2)
    end = message.index(b"From:")
    changed = [message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :] for place in range(end)]
    whole, *others = check(capsys, zone, [message, *changed])
    assert whole["arc"] == {"result": "pass", "sets": 2, "sealers": ["example.org"] * 2, "reason": ""}
    results = [one["arc"] for one in others]
    assert {result["result"] for result in results if isinstance(result, dict)} == {"fail"}


def test_broken_mail_has_results_too(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(7)
    source = seal(signed(signed(OURS, rsa_key())))
    messages = [_broken(random, source) for _ in range(BROKEN)]
    found = check(capsys, zone, messages)
    assert len(found) == BROKEN
    assert all("authentication_results" in one for one in found)


def _broken(random: Random, source: bytes) -> bytes:
    data = bytearray(source)
    for _ in range(random.randint(1, 6)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice([0, 1, 5, 200]))
        words = [b"", b"\r\n", b"\n", b"\0", b";", b"=", b"From: a@b\r\n", b"\xff", bytes(data[start:end]) * 2]
        data[start:end] = random.choice([*words, random.randbytes(random.randint(0, 40))])
    return bytes(data)
