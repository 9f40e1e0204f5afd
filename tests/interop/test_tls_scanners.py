"""What scanners say of the TLS of every listener: sslyze against Mozilla's "intermediate", and testssl.sh.

Accepted of testssl.sh, each with its reason:

- ``cert_revocation``, ``DNS_CAArecord``: the demo's certificate is of its own authority; a real one has both.
- ``sessionresumption_ID``: testssl.sh 3.0 cannot try it over STARTTLS, and says so.
- ``cipher_order``: all suites are good, so the client may choose (Mozilla's intermediate says the same).
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo import Demo
from tests.support.sizes import pick
from tests.support.venv import program

FOLDER = Path(__file__).parent / "sslyze"
STARTTLS = {"smtp": "smtp", "submission": "smtp", "imap": "imap"}
LISTENERS = ("smtp", "submission", "submissions", "imap", "imaps", "https", "api", "web")
SLOW = pick(("smtp",), LISTENERS)  # testssl.sh takes half a minute for each, whatever it looks at
ACCEPTED = frozenset({"cert_revocation", "DNS_CAArecord", "sessionresumption_ID", "cipher_order"})
GOOD = frozenset({"OK", "INFO", "DEBUG"})


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.mark.parametrize("service", LISTENERS)
def test_sslyze_finds_what_mozilla_calls_intermediate(demo: Demo, service: str) -> None:
    command = [str(program(FOLDER, "sslyze")), "--certinfo_ca_file", demo.facts["ca"], "--mozilla_config=intermediate"]
    if service in STARTTLS:
        command += ["--starttls", STARTTLS[service]]
    target = f"localhost:{demo.port(service)}"
    done = subprocess.run([*command, target], capture_output=True, text=True, timeout=120, check=False)
    assert f"{target}: OK - Compliant." in done.stdout, done.stdout[-3000:] + done.stderr
    assert done.returncode == 0


@pytest.mark.needs("testssl.sh")
@pytest.mark.parametrize("service", SLOW)
def test_testssl_finds_nothing_but_what_is_accepted(demo: Demo, service: str, tmp_path: Path) -> None:
    """Protocols, suites, forward secrecy, defaults of the server."""
    found = tmp_path / "found.json"
    command = ["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--openssl", "/usr/bin/openssl"]
    command += ["--add-ca", demo.facts["ca"], "--ip", "127.0.0.1", "--jsonfile", str(found), "-p", "-s", "-f", "-S"]
    if service in STARTTLS:
        command += ["-t", STARTTLS[service]]
    target = f"localhost:{demo.port(service)}"
    subprocess.run([*command, target], capture_output=True, timeout=400, check=False)
    rows: list[dict[str, Any]] = json.loads(found.read_text())
    by_id = {row["id"]: row for row in rows}
    assert by_id["TLS1_3"]["severity"] == "OK"
    assert "offered" in by_id["TLS1_2"]["finding"]
    assert {by_id[name]["finding"] for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1")} == {"not offered"}
    bad = [row for row in rows if row["severity"] not in GOOD and row["id"].partition(" ")[0] not in ACCEPTED]
    assert not bad
