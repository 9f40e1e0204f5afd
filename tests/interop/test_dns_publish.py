"""`skrytka dns --publish` of an installation that is stopped, into a zone of Debian's Knot."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.model.dns import Server
from tests.support.demo import COMMAND
from tests.support.knot import KEY, knot

pytestmark = pytest.mark.needs("knot")
PUBLISH = """
[dns]
resolvers = ["127.0.0.1:{port}"]
addresses = ["192.0.2.25"]

[[dns.publish]]
zone = "example.org"
server = "127.0.0.1:{port}"
key_file = "keys/dns.key"
"""


class Site:
    """An installation of example.org whose zone is in a Knot."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root, self.server = root, server
        assert self.run("init", "example.org", "--password-stdin", "--json", text="correct horse\n").returncode == 0
        config = root / "skrytka.toml"
        config.write_text(config.read_text() + PUBLISH.format(port=server.port))
        self.write_key(KEY.secret.reveal().decode())

    def write_key(self, secret: str) -> None:
        key = self.root / "keys" / "dns.key"
        key.write_text(f'key "skrytka" {{ algorithm hmac-sha256; secret "{secret}"; }};\n')
        key.chmod(0o600)

    def run(self, *arguments: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"SKRYTKA_DIR": str(self.root), "SKRYTKA_LANGUAGE": "en"}
        command = [*COMMAND, *arguments]
        return subprocess.run(
            command, input=text, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def publish(self, *options: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        return self.run("dns", "example.org", "--publish", *options, text=text)

    def states(self) -> dict[tuple[str, str], str]:
        done = self.run("dns", "example.org", "--json")
        return {(row["name"], row["type"]): row["state"] for row in json.loads(done.stdout)["records"]}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "knot").mkdir()
    with knot(tmp_path / "knot") as server:
        yield Site(tmp_path / "s", server)


def test_a_zone_gets_what_it_lacks_after_a_yes_and_nothing_before(site: Site) -> None:
    assert site.states()["example.org", "MX"] == "missing"
    refused = site.publish(text="n\n")
    assert refused.returncode == 130
    assert "  + example.org. 3600 IN MX 10 mail.example.org." in refused.stdout
    assert site.states()["example.org", "MX"] == "missing"
    done = site.publish(text="y\n")
    assert done.returncode == 0, done.stderr
    assert "update delete example.org. 3600 IN MX 10 mail.example.org." in done.stdout
    states = site.states()
    for name, rdtype in (("example.org", "MX"), ("example.org", "TXT"), ("_imaps._tcp.example.org", "SRV")):
        assert states[name, rdtype] == "right"
    assert site.publish().stdout.endswith("nothing to publish\n")
    log = site.run("events", "verify")
    assert log.returncode == 0, log.stderr


def test_a_wrong_secret_is_told_and_nothing_is_done(site: Site) -> None:
    site.write_key("AAAAAAAAAAAAtxtd2Sf7OrsF12c+8UA/Rf760bob80A=")
    done = site.publish("--yes")
    assert done.returncode == 7
    assert "another secret for the key skrytka" in done.stderr
    assert site.states()["example.org", "MX"] == "missing"
