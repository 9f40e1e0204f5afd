"""Who gets reports about a domain: nobody elsewhere who has not agreed (RFC 9990 4)."""

import pytest

from skrytka.protocol.mailauth.dmarc.external import DESTINATIONS_MAX, destinations
from skrytka.protocol.mailauth.query import run_with
from tests.support.dkim import answers

DMARC = "v=DMARC1; p=none"
AGREED = "example.org._report._dmarc.reports.example"


@pytest.mark.parametrize(
    ("zone", "wanted", "found"),
    [
        ({}, ["d@example.org"], ["d@example.org"]),
        ({"_dmarc.example.org": DMARC}, ["d@mail.example.org"], ["d@mail.example.org"]),
        ({}, ["d@reports.example"], []),
        ({AGREED: "v=DMARC1"}, ["d@reports.example"], ["d@reports.example"]),
        ({AGREED: "v=DMARC1;"}, ["d@example.org", "d@reports.example"], ["d@example.org", "d@reports.example"]),
        ({AGREED: "v=spf1"}, ["d@reports.example"], []),
        ({AGREED: "v=DMARC1; rua=mailto:other@reports.example"}, ["d@reports.example"], ["other@reports.example"]),
        ({AGREED: "v=DMARC1; rua=mailto:d@victim.example"}, ["d@reports.example"], []),
        ({AGREED: "v=DMARC1; rua=mailto:not an address"}, ["d@reports.example"], ["d@reports.example"]),
        ({AGREED: None}, ["d@reports.example", "d@example.org"], ["d@example.org"]),
        ({"_dmarc.example.org": None}, ["d@reports.example"], []),
        ({}, ["nonsense", "d@[192.0.2.1]", "", "d@example.org"], ["d@example.org"]),
        ({}, ["d@example.org"] * 3, ["d@example.org"]),
        ({}, [f"{n}@example.org" for n in range(20)], [f"{n}@example.org" for n in range(DESTINATIONS_MAX)]),
        ({}, ["d@" + "a" * 60 + "." + "b" * 60 + "." + "c" * 60 + "." + "d" * 54], []),
    ],
)
def test_only_who_has_agreed_gets_reports(zone: dict[str, str | None], wanted: list[str], found: list[str]) -> None:
    assert [str(each) for each in run_with(destinations("example.org", wanted), answers(zone))] == found
