"""Reports that others have collected (../shared/vectors/dmarc, tlsrpt), as mail, XML, gzip, zip and JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from skrytka.inspect.check import reports_of
from skrytka.inspect.reports import reports
from skrytka.protocol.reports.aggregate import AggregateReport
from tests.support.needs import vectors_dir

DMARC, TLS = vectors_dir() / "dmarc", vectors_dir() / "tlsrpt"
BROKEN = {"invalid_xml.xml", "invalid_utf_8.xml"}


def files(folder: Path, *endings: str) -> list[Path]:
    return [path for path in sorted(folder.glob("*")) if path.name.endswith(endings)] or [Path("none")]


@pytest.mark.needs_vectors("dmarc")
@pytest.mark.parametrize("path", files(DMARC, ".xml", ".gz", ".zip", ".eml"), ids=lambda path: path.name)
def test_each_aggregate_report_is_read_or_refused(path: Path) -> None:
    answer = reports_of(reports(path.read_bytes()))
    if path.name in BROKEN:
        assert (answer.dmarc, answer.problem[:6]) == ((), "no XML")
        return
    (report,) = answer.dmarc
    assert report.policy.domain
    assert report.rows
    assert report.end_s >= report.begin_s > 0


@pytest.mark.needs_vectors("dmarc")
@pytest.mark.parametrize("name", ["100", "103"])
def test_mail_is_read_as_others_read_it(name: str) -> None:
    (report,) = reports_of(reports((DMARC / f"{name}.eml").read_bytes())).dmarc
    assert facts(report) == theirs(json.loads((DMARC / f"{name}.json").read_text()))


def facts(report: AggregateReport) -> dict[str, Any]:
    return {
        "id": report.report_id,
        "range": (report.begin_s, report.end_s),
        "domain": report.policy.domain,
        "rows": [(row.source_ip, row.count, row.header_from, row.disposition) for row in report.rows],
        "dkim": [[(each.domain, each.result) for each in row.dkim] for row in report.rows],
    }


def theirs(document: dict[str, Any]) -> dict[str, Any]:
    head, records = document["report_metadata"], document["record"]
    return {
        "id": head["report_id"],
        "range": (head["date_range"]["begin"], head["date_range"]["end"]),
        "domain": document["policy_published"]["domain"],
        "rows": [
            (
                one["row"]["source_ip"],
                one["row"]["count"],
                one["identifiers"]["header_from"],
                one["row"]["policy_evaluated"]["disposition"].lower(),
            )
            for one in records
        ],
        "dkim": [[(each["domain"], each["result"].lower()) for each in one["auth_results"]["dkim"]] for one in records],
    }


@pytest.mark.needs_vectors("tlsrpt")
@pytest.mark.parametrize("path", files(TLS, ".json", ".eml"), ids=lambda path: path.name)
def test_each_tls_report_is_read(path: Path) -> None:
    (report,) = reports_of(reports(path.read_bytes())).tls
    assert report.report_id
    assert sum(each.successes + each.failures for each in report.policies) > 0
