"""``skrytka check`` on the suites of others: their zones as they wrote them, their messages as files, and its JSON."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from skrytka.cli.main import run
from tests.support.needs import vectors_dir

SPF = vectors_dir() / "spf" / "rfc7208-tests.yml"
ARC = vectors_dir() / "arc" / "arc-draft-validation-tests.yml"
DKIM = vectors_dir() / "dkim"
SIGNED_AT_S = "1667870000"  # one message of mail-auth's has an x= that ends later
MESSAGE = "Subject: nothing is signed, nobody wrote it\n\n"


@cache
def texts(suite: Path) -> tuple[str, ...]:
    """The documents of a suite: each has its tests and its zone."""
    return tuple(suite.read_text("utf-8").split("\n---\n")) if suite.is_file() else ()


@cache
def cases(suite: Path) -> dict[str, tuple[int, dict[str, Any]]]:
    """Name -> number of the document, facts."""
    documents = [(number, yaml.safe_load(text)) for number, text in enumerate(texts(suite))]
    return {
        f"{number} {name}": (number, facts)
        for number, document in documents
        if document
        for name, facts in document["tests"].items()
    }


def check(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Iterator[dict[str, Any]]:
    status = run(["check", "--json", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    return map(json.loads, out.splitlines())


def zone(path: Path, suite: Path, number: int) -> Path:
    path.write_text(texts(suite)[number], "utf-8")
    return path


@pytest.mark.needs_vectors("spf")
@pytest.mark.parametrize("name", cases(SPF) or ["none"])
def test_spf(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number, facts = cases(SPF)[name]
    message = tmp_path / "message.eml"
    message.write_text(MESSAGE)
    client = ["--ip", facts["host"], "--helo", facts["helo"], "--mail-from", facts["mailfrom"]]
    (found,) = check(capsys, "--zone", zone(tmp_path / "zone.yml", SPF, number), *client, message)
    allowed = facts["result"]
    assert found["spf"]["result"] in ([allowed] if isinstance(allowed, str) else allowed), found
    if "explanation" in facts:
        assert found["spf"]["explanation"] == facts["explanation"].replace("DEFAULT", "")
    assert f"spf={found['spf']['result']} " in found["authentication_results"]


@pytest.mark.needs_vectors("arc")
def test_arc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in {number for number, _ in cases(ARC).values()}:
        chosen = {name: facts for name, (of, facts) in cases(ARC).items() if of == number}
        paths = [tmp_path / f"{name.replace(' ', '-')}.eml" for name in chosen]
        for path, facts in zip(paths, chosen.values(), strict=True):
            path.write_text(facts["message"], "utf-8")
        found = check(capsys, "--zone", zone(tmp_path / "zone.yml", ARC, number), *paths)
        for (name, facts), one in zip(chosen.items(), found, strict=True):
            assert one["arc"]["result"] == (facts["cv"].lower() or "fail"), (name, facts["description"], one)


@pytest.mark.needs_vectors("dkim")
@pytest.mark.parametrize("path", sorted(DKIM.glob("*.txt")) or [Path("none")], ids=lambda path: path.stem)
def test_dkim(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, _, message = path.read_bytes().partition(b"\n\n")
    records = dict(line.split(" ", 1) for line in head.decode().replace("\r", "").splitlines())
    (tmp_path / "zone.yml").write_text(json.dumps({name: [{"TXT": text}] for name, text in records.items()}))
    (tmp_path / "message.eml").write_bytes(message)
    (found,) = check(capsys, "--zone", tmp_path / "zone.yml", "--at", SIGNED_AT_S, tmp_path / "message.eml")
    assert found["dkim"]
    assert {(one["result"], one["covers_from"]) for one in found["dkim"]} == {("pass", True)}


def test_the_suites_are_whole() -> None:
    if SPF.is_file():
        assert len(cases(SPF)) >= 203
    if ARC.is_file():
        assert len(cases(ARC)) >= 70
