"""Ports 80 and 443 as curl sees them: the policy, security.txt, redirects, and nothing for other names than ours."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.demo import Demo

pytestmark = pytest.mark.needs("curl")
STS = "https://mta-sts.example.test/.well-known/mta-sts.txt"
SECTIONS = """
[mta_sts]
mode = "testing"
[security_txt]
contacts = ["mailto:security@example.test"]
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        path = running.root / "skrytka.toml"
        path.write_text(path.read_text() + SECTIONS)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(lambda: "settings reloaded" in running.output, 20)
        yield running


def curl(demo: Demo, url: str, *options: str) -> str:
    """What it printed, header and all; names lead to the demo. The demo has no certificate for all of them."""
    command = ["curl", "-sSik", "--max-time", "20", *options]
    port = demo.port(url.partition(":")[0])
    command += ["--connect-to", f"::127.0.0.1:{port}"]
    return subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=30).stdout


def test_the_policy_is_there_for_a_hosted_domain_under_tls(demo: Demo) -> None:
    demo.wait_for(lambda: curl(demo, STS).startswith("HTTP/1.1 200"), 20)  # each front reloads by itself
    said = subprocess.run(
        ["curl", "-sS", "--cacert", demo.facts["ca"], f"https://localhost:{demo.port('https')}/", "-o", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == "404\n"
    assert "version: STSv1\nmode: testing\nmx: mail.example.test\n" in curl(demo, STS)


def test_security_txt_names_whom_to_tell(demo: Demo) -> None:
    said = curl(demo, "https://mail.example.test/.well-known/security.txt")
    assert said.startswith("HTTP/1.1 200 OK")
    assert "Contact: mailto:security@example.test" in said
    assert "Expires: 20" in said


def test_in_clear_everything_of_ours_leads_to_tls_and_nothing_else_does(demo: Demo) -> None:
    said = curl(demo, "http://example.test/a?b")
    assert said.startswith("HTTP/1.1 301 ")
    assert "Location: https://example.test/a" in said
    assert curl(demo, "http://example.org/").startswith("HTTP/1.1 404 ")


def test_methods_other_than_get_and_head_are_refused(demo: Demo) -> None:
    assert curl(demo, "https://mail.example.test/", "-X", "OPTIONS").startswith("HTTP/1.1 405 ")
    assert curl(demo, "https://mail.example.test/", "-d", "x=1").startswith("HTTP/1.1 413 ")
    assert curl(demo, STS, "-I").startswith("HTTP/1.1 200 ")
