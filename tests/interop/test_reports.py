"""Reports of another server come to a running demo on port 25, honest and hostile; the command line tells of them."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from skrytka.protocol.reports.tls_report import PolicyResult, TlsReport, write_tls_report
from tests.support.demo import Demo

XML = """<?xml version="1.0" encoding="UTF-8"?>%s
<feedback><report_metadata><org_name>Big Mail</org_name><email>d@example.net</email><report_id>%s</report_id>
<date_range><begin>1790035200</begin><end>1790121599</end></date_range></report_metadata>
<policy_published><domain>example.test</domain><p>none</p></policy_published>
<record><row><source_ip>192.0.2.66</source_ip><count>7</count><policy_evaluated><disposition>none</disposition>
<dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.test</header_from></identifiers>
<auth_results><spf><domain>spam.example</domain><result>pass</result></spf></auth_results></record></feedback>"""
_ENTITIES = "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12))
LAUGHS = f"<!DOCTYPE b [<!ENTITY a 'xxxxxxxxxx'>{_ENTITIES}]>"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


def send(demo: Demo, octets: bytes, subtype: str, name: str, subject: str = "Report Domain: example.test") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "dmarc@example.net", "alice@example.test", subject
    mail.set_content("See the attachment.")
    mail.add_attachment(octets, maintype="application", subtype=subtype, filename=name)
    demo.send("alice@example.test", mail.as_bytes().replace(b"\n", b"\r\n"))


def zipped(octets: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a!b!1!2.xml", octets)
    return made.getvalue()


def reports(demo: Demo, kind: str) -> list[dict[str, object]]:
    done = demo.run("reports", kind, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_reports_in_any_form_are_read_once_each(demo: Demo) -> None:
    one, two = ((XML % ("", number)).encode() for number in (1, 2))
    send(demo, gzip.compress(one), "gzip", "a!b!1!2.xml.gz")
    send(demo, zipped(two), "zip", "a!b!1!2.zip")
    send(demo, one, "xml", "a!b!1!2.xml")
    (found,) = reports(demo, "dmarc")
    assert (found["domain"], found["reports"], found["unproven"], found["failed"]) == ("example.test", 2, 0, 14)
    told = demo.run("reports", "dmarc", "--language", "pl").stdout
    assert "192.0.2.66: dowiedzione 0, niedowiedzione 14" in told
    assert "spf:spam.example" in told


def test_a_tls_report_is_told_too(demo: Demo) -> None:
    policy = PolicyResult(kind="sts", domain="example.test", successes=5, failures=0)
    report = TlsReport(
        organization="Big Mail",
        contact="tls@example.net",
        report_id="9",
        begin_s=1_790_035_200,
        end_s=1_790_121_599,
        policies=(policy,),
    )
    send(demo, gzip.compress(write_tls_report(report)), "tlsrpt+gzip", "a!b!1!2.json.gz")
    (found,) = reports(demo, "tls")
    assert (found["successes"], found["failures"]) == (5, 0)


def test_hostile_reports_are_mail_as_any_other(demo: Demo) -> None:
    before = reports(demo, "dmarc")
    hostile = [
        ((XML % (LAUGHS, "&l;")).encode(), "xml", "l.xml"),
        ((XML % ("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "&x;")).encode(), "xml", "x.xml"),
        (gzip.compress(b"\0" * 60_000_000), "gzip", "bomb.gz"),
        (zipped(b"<a>" * 5_000_000), "zip", "bomb.zip"),
        (b"<feedback>" + b"<a>" * 100_000, "xml", "deep.xml"),
        ((XML % ("", "x" * 400_000)).encode().replace(b"example.test", b"example.org"), "xml", "others.xml"),
    ]
    count = len(demo.messages("alice"))
    for octets, subtype, name in hostile:
        send(demo, octets, subtype, name)
    assert len(demo.messages("alice")) == count + len(hostile)
    assert reports(demo, "dmarc") == before
    events = json.loads(demo.run("trace", "alice@example.test", "--json").stdout)
    ids = {event["trace"] for event in events if event["kind"] == "message_delivered"}
    reasons = [
        event["fields"]["reason"]
        for trace in sorted(ids)
        for event in json.loads(demo.run("trace", trace, "--json").stdout)
        if event["kind"] == "report_refused"
    ]
    assert len(reasons) == len(hostile)
    assert {"a document type", "a bomb", "about a domain that is not ours"} < set(reasons)
    assert not any(event["kind"] == "bug_caught" for event in events)
