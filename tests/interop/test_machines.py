"""`skrytka --server` from a machine with a certificate, against a server that demands one: real processes, real TLS."""

import contextlib
import http.client
import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo import COMMAND, Demo, prepared
from tests.support.faults.settings import change

ADMIN = "admin@example.test"


class Laptop:
    """A machine elsewhere: its files, and commands."""

    def __init__(self, folder: Path, demo: Demo, url: str) -> None:
        self.folder = folder
        self.demo = demo
        self.url = url
        self.token = folder / "token"
        self.certificate = folder / "config/skrytka" / f"localhost-{url.rpartition(':')[2]}.pem"

    def run(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        env = os.environ | {"XDG_CONFIG_HOME": str(self.folder / "config"), "SKRYTKA_DIR": str(self.folder / "none")}
        return subprocess.run(
            [*COMMAND, *arguments], input=text, capture_output=True, text=True, timeout=60, env=env, check=False
        )

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ("--server", self.url, "--token-file", str(self.token), "--ca-file", str(self.demo.facts["ca"]))
        return self.run(*where, *arguments)

    def enrol(self, token: str) -> subprocess.CompletedProcess[str]:
        return self.run("cert", "enrol", self.url, "--ca-file", str(self.demo.facts["ca"]), text=token + "\n")

    def connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=self.demo.facts["ca"])
        context.load_cert_chain(self.certificate)
        return http.client.HTTPSConnection("localhost", int(self.url.rpartition(":")[2]), context=context)

    def status(self, connection: http.client.HTTPSConnection) -> int:
        """Of a request on it."""
        connection.request("GET", "/api/v1/me", headers={"Authorization": f"Bearer {self.token.read_text()}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def log_in(self) -> None:
        """By the API, as the certificate lets it."""
        connection = self.connection()
        body = {"address": ADMIN, "password": self.demo.password("admin"), "use": "bearer"}
        with contextlib.closing(connection):
            connection.request("POST", "/api/v1/session", json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
        assert answer.status == 201, said
        self.token.touch(0o600)
        self.token.write_text(said["token"])


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    demo = prepared(tmp_path / "demo")
    change(demo.root, api={"is_client_certificate_needed": True})
    with demo:
        made = Laptop(tmp_path, demo, f"https://localhost:{demo.port('api')}")
        made.token.touch(0o600)
        made.token.write_text("1." + "0" * 64)
        yield made


def here(laptop: Laptop, *arguments: str) -> Any:
    done = laptop.demo.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_machine_is_enrolled_used_and_put_out(laptop: Laptop) -> None:
    assert laptop.ask("account", "list").returncode == 7  # TLS says no
    assert laptop.enrol("skrytka-machine_1_x").returncode != 0
    token = here(laptop, "cert", "invite", ADMIN, "laptop")["token"]
    assert laptop.enrol(token[:-1] + ("1" if token[-1] == "0" else "0")).returncode == 7
    done = laptop.enrol(token)
    assert done.returncode == 0, done.stderr
    assert laptop.certificate.stat().st_mode & 0o777 == 0o600
    assert laptop.enrol(token).returncode == 7
    assert laptop.ask("account", "list").returncode == 7  # a certificate is no session
    laptop.log_in()
    done = laptop.ask("account", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert ADMIN in done.stdout
    laptop.demo.stop()
    laptop.demo.start()
    assert laptop.ask("account", "list").returncode == 0  # the machine is known over a restart
    (machine,) = here(laptop, "cert", "machines")
    with contextlib.closing(laptop.connection()) as connection:
        assert laptop.status(connection) == 200
        here(laptop, "cert", "revoke", ADMIN, machine["id"])
        assert laptop.status(connection) == 403  # on the connection that is open
    done = laptop.ask("account", "list")
    assert (done.returncode, "certificate" in done.stderr) == (7, True)
    found = [event["kind"] for event in here(laptop, "trace", ADMIN)]
    assert "command_done" in found
