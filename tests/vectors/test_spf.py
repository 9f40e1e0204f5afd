"""The suite of RFC 7208 (../shared/vectors/spf): each case gives a result that it allows, and its explanation."""

from functools import cache
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.needs import vectors_dir
from tests.support.spf import TIMEOUT, Zone, run

SUITE = vectors_dir() / "spf" / "rfc7208-tests.yml"
CASES_MIN = 203

pytestmark = pytest.mark.needs_vectors("spf")


class Case(NamedTuple):
    zone: Zone
    facts: dict[str, Any]


@cache
def cases() -> dict[str, Case]:
    documents = list(yaml.safe_load_all(SUITE.read_text("utf-8"))) if SUITE.is_file() else []
    return {
        f"{document['description']}: {name}": Case(zone(document["zonedata"]), facts)
        for document in documents
        for name, facts in document["tests"].items()
    }


def zone(data: dict[str, list[Any]]) -> Zone:
    return {name: list(entries(found)) for name, found in data.items()}


def entries(found: list[Any]) -> list[tuple[str, object]]:
    """A record of the type SPF is published as TXT too, unless the name has TXT records ("NONE": but no real ones)."""
    pairs: list[tuple[str, Any]] = [("*", None) if one == "TIMEOUT" else next(iter(one.items())) for one in found]
    has_txt = any(kind == "TXT" for kind, _ in pairs)
    published = [("TXT" if kind == "SPF" else kind, value) for kind, value in pairs if kind != "SPF" or not has_txt]
    return [(kind, octets(value) if kind == "TXT" else value) for kind, value in published if value != "NONE"]


def octets(strings: str | list[str]) -> bytes:
    return "".join(strings).encode("latin-1")


def test_the_suite_is_whole() -> None:
    assert len(cases()) >= CASES_MIN
    assert TIMEOUT in entries(["TIMEOUT"])


@pytest.mark.parametrize("name", cases() or ["none"])
def test_check_host_follows_the_suite(name: str) -> None:
    zone, facts = cases()[name]
    found = run(zone, facts["host"], facts["mailfrom"], facts["helo"])
    assert found.result in ([facts["result"]] if isinstance(facts["result"], str) else facts["result"]), found
    if "explanation" in facts:
        assert found.explanation == facts["explanation"].replace("DEFAULT", "")
