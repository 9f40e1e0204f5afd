"""The validation suite of ValiMail (../shared/vectors/arc): the status of each chain."""

from functools import cache
from typing import Any

import pytest
import yaml

from skrytka.mail.delivery.incoming import scan_header
from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.arc.fields import body_specs
from skrytka.protocol.mailauth.arc.verify import ChainResult, chain_of, verify_chain
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.query import Query, run_with
from tests.support.needs import vectors_dir

SUITE = vectors_dir() / "arc" / "arc-draft-validation-tests.yml"
CASES_MIN = 70
NOW_S = 1_500_000_000

pytestmark = pytest.mark.needs_vectors("arc")


@cache
def cases() -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    documents = list(yaml.safe_load_all(SUITE.read_text("utf-8"))) if SUITE.is_file() else []
    return {
        name: (facts, document["txt-records"] or {})
        for document in documents
        for name, facts in document["tests"].items()
    }


def validate(message: str, keys: dict[str, str]) -> ChainResult:
    head, blank, body = message.replace("\n", "\r\n").encode().partition(b"\r\n\r\n")
    header = Header(scan_header(head + blank).fields)
    sets = chain_of(header)
    if isinstance(sets, ChainResult):
        return sets
    hasher = BodyHasher(body_specs(sets))
    hasher.feed(body)
    records = {Query(name, "TXT"): Answer(Status.NOERROR, (text.encode(),)) for name, text in keys.items()}
    return run_with(verify_chain(header, sets, hasher.finish(), NOW_S), records)


def test_the_suite_is_whole() -> None:
    assert len(cases()) >= CASES_MIN


@pytest.mark.parametrize("name", cases() or ["none"])
def test_a_chain_has_the_status_of_the_suite(name: str) -> None:
    facts, keys = cases()[name]
    found = validate(facts["message"], keys)
    assert found.status == (facts["cv"].lower() or "fail"), (facts["description"], found.detail)
