"""A whole server whose people are in Debian's slapd."""

import imaplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.slapd import slapd

pytestmark = pytest.mark.needs("slapd")

SETTINGS = """
[directory]
urls = ["{url}"]
domains = ["example.org"]
base = "dc=example,dc=org"
bind_dn = "cn=reader,dc=example,dc=org"
password_file = "ldap-password"
ca_file = "ldap-ca.pem"
sync_filter = "(|(uid=alice)(uid=bob))"
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that was stopped, told of the directory, and started again."""
    folder = tmp_path_factory.mktemp("directory")
    (folder / "slapd").mkdir()
    with slapd(folder / "slapd") as server:
        with Demo(folder / "demo") as first:
            first.run("domain", "add", "example.org")
            root = first.root
        with (root / "skrytka.toml").open("a") as file:
            file.write(SETTINGS.format(url=server.ldaps))
        with (root / "zone.yml").open("a") as file:
            file.write("localhost:\n  - A: 127.0.0.1\n")
        (root / "ldap-password").write_text("reader-password\n")
        (root / "ldap-ca.pem").write_bytes(Path(server.ca).read_bytes())
        with Demo(root) as running:
            yield running


def login(demo: Demo, name: str, password: str) -> str:
    session = imaplib.IMAP4_SSL("localhost", demo.port("imaps"), ssl_context=demo.tls(), timeout=20)
    try:
        return str(session.login(name, password)[0])
    except imaplib.IMAP4.error:
        return "NO"
    finally:
        session.shutdown()


def test_people_log_in_with_their_password_of_there(demo: Demo) -> None:
    assert "example.org" not in demo.run("account", "list").stdout
    assert login(demo, "alice@example.org", "wrong") == "NO"
    assert login(demo, "alice@example.org", "alice-password") == "OK"
    assert login(demo, "alice@example.org", "alice-password") == "OK"
    assert "alice@example.org" in demo.run("account", "list").stdout
    assert login(demo, "alice@example.test", str(demo.facts["accounts"]["alice@example.test"])) == "OK"


def test_a_sync_makes_the_others(demo: Demo) -> None:
    assert "bob@example.org  add" in " ".join(demo.run("directory", "sync", "--dry-run").stdout.split(" "))
    demo.run("directory", "sync")
    assert demo.run("directory", "sync").stdout == "Nothing to do.\n"
    assert login(demo, "bob@example.org", "bob-password") == "OK"
