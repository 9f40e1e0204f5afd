"""Four eyes at a running server: the API, `skrytka --server approval`, and IMAP, which nobody gets into by himself."""

import contextlib
import http.client
import imaplib
import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo import Demo

ALICE = "alice@example.test"
PASSWORD = "vivid marten over nine bridges"
WHY = "she forgot it and came to my desk"


class Person:
    """Somebody with a session of the API."""

    def __init__(self, demo: Demo, folder: Path, name: str) -> None:
        self.demo = demo
        self.url = f"https://localhost:{demo.port('api')}"
        self.file = folder / name
        self.file.touch(0o600)
        body = {"address": f"{name}@example.test", "password": demo.password(name), "use": "bearer"}
        self.token = ""
        status, said = self.ask("POST", "/session", body)
        assert status == 201, said
        self.token = said["token"]
        self.file.write_text(self.token)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        context = ssl.create_default_context(cafile=self.demo.facts["ca"])
        connection = http.client.HTTPSConnection("localhost", self.demo.port("api"), context=context, timeout=60)
        fields = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        with contextlib.closing(connection):
            connection.request(method, "/api/v1" + path, json.dumps(body or {}), fields)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ("--server", self.url, "--token-file", str(self.file), "--ca-file", str(self.demo.facts["ca"]))
        return self.demo.run(*where, *arguments)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


def test_a_mailbox_takes_two_people_from_elsewhere_and_one_on_the_machine(demo: Demo, tmp_path: Path) -> None:
    for name, role in (("bob", "help_desk"), ("carol", "security_officer")):
        assert demo.run("role", "give", f"{name}@example.test", role).returncode == 0
    bob, carol = (Person(demo, tmp_path, name) for name in ("bob", "carol"))
    reset = f"/accounts/{ALICE}/password/reset"
    for method, path, body in (("PUT", f"/accounts/{ALICE}/password", {"password": PASSWORD}), ("POST", reset, {})):
        status, said = bob.ask(method, path, body)
        assert (status, said["reason"]) == (403, "approval_needed")

    done = bob.run("approval", "ask", "account.reset_password", f"address={ALICE}", "--reason", WHY, "--json")
    approval = json.loads(done.stdout)["id"]
    assert bob.run("approval", "approve", approval, "--reason", WHY).returncode == 7
    assert approval in carol.run("approval", "list", "--waiting").stdout
    assert carol.run("approval", "approve", approval, "--reason", "I have spoken with her too").returncode == 0
    assert [bob.ask("POST", reset)[0] for _ in range(2)] == [200, 403]
    assert json.loads(bob.run("approval", "list", "--own", "--json").stdout)[0]["state"] == "used"
    assert "I have spoken with her too" in demo.run("approval", "show", approval).stdout

    made = demo.run("account", "password", ALICE, "--json")
    with demo.imaps() as client:
        client.login(ALICE, json.loads(made.stdout)["password"])


def test_a_password_from_elsewhere_opens_no_mail(demo: Demo, tmp_path: Path) -> None:
    """Follows on the first."""
    given = ("role", "give", "bob@example.test", "domain_admin", "--domain", "example.test")
    assert demo.run(*given).returncode == 0
    made, said = Person(demo, tmp_path, "bob").ask(
        "POST", "/accounts", {"address": "new@example.test", "password": PASSWORD}
    )
    assert (made, said["must_change"]) == (200, "once")
    with demo.imaps() as client, pytest.raises(imaplib.IMAP4.error):
        client.login("new@example.test", PASSWORD)


def test_to_share_somebody_else_s_mailbox_takes_two(demo: Demo, tmp_path: Path) -> None:
    """Follows on the first."""
    carol = Person(demo, tmp_path, "carol")
    share = ("delegation", "add", ALICE, "bob@example.test", "mailbox", "--mailbox", "INBOX", "--rights", "lr")
    refused = carol.run(*share)
    assert refused.returncode == 7, refused.stderr
    fields = (f"address={ALICE}", "delegate=bob@example.test", "mailbox=INBOX", "rights=lr")
    done = carol.run("approval", "ask", "delegation.mailbox.add", *fields, "--reason", "he stands in for her", "--json")
    approval = json.loads(done.stdout)["id"]
    assert demo.run("approval", "approve", approval, "--reason", "she asked me to").returncode == 0
    wider = (*share[:-1], "lrswite")
    assert [carol.run(*what).returncode for what in (wider, share, share)] == [7, 0, 7]
    (row,) = json.loads(carol.run("delegation", "list", ALICE, "--json").stdout)
    assert (row["delegate"], row["mailbox"], row["rights"]) == ("bob@example.test", "INBOX", "lr")
    taken = carol.run("delegation", "remove", ALICE, "bob@example.test", "mailbox", "--mailbox", "INBOX")
    assert taken.returncode == 0, taken.stderr  # that takes one
