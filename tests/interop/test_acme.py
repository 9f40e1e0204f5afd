"""Certificates from Debian's pebble for a running demo, by each challenge, while mail goes on."""

import imaplib
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.demo import Demo
from tests.support.faults.imap import until
from tests.support.knot import KEY, knot
from tests.support.pebble import HOST, pebble

pytestmark = [pytest.mark.needs("pebble"), pytest.mark.timeout(240)]
MESSAGE = b"From: a@example.net\r\nSubject: load\r\n\r\nHello.\r\n"
NAME = "mail.example.test"


@pytest.fixture
def demo() -> Iterator[Demo]:
    with Demo() as running:
        zone = running.root / "zone.yml"
        zone.write_text(zone.read_text() + f"{HOST}:\n  - A: 127.0.0.1\n")
        yield running


def order(demo: Demo, settings: str) -> None:
    """From now on, in the words of skrytka.toml."""
    path = demo.root / "skrytka.toml"
    path.write_text(path.read_text() + "[acme]\nis_terms_agreed = true\n" + settings)
    before = demo.output.count("settings reloaded")
    demo.process.send_signal(signal.SIGHUP)
    demo.wait_for(lambda: demo.output.count("settings reloaded") > before, 20)


def renew(demo: Demo, *, is_refused: bool = False) -> list[dict[str, Any]]:
    done = demo.run("cert", "renew", "--json")
    assert (done.returncode != 0) is is_refused, done.stderr + done.stdout
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def shown(demo: Demo, service: str = "imaps", *, name: str = NAME, ciphers: str | None = None) -> x509.Certificate:
    """The certificate that a listener shows for the server's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if ciphers is not None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    with (
        socket.create_connection(("127.0.0.1", demo.port(service)), timeout=20) as sock,
        context.wrap_socket(sock, server_hostname=name) as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def wait_until_served(demo: Demo, issuer: str = "Pebble") -> None:
    """By every front: a new connection may reach any of them."""
    end, in_a_row = time.monotonic() + 20, 0
    while in_a_row < 20:
        in_a_row = in_a_row + 1 if issuer in shown(demo).issuer.rfc4514_string() else 0
        assert time.monotonic() < end


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_certificate_is_ordered_and_served_by_every_listener(demo: Demo, tmp_path: Path, challenge: str) -> None:
    with pebble(tmp_path / "ca", demo.port("http"), demo.port("https")) as ca:
        order(demo, f'challenges = ["{challenge}"]\n{ca.settings()}')
        (row,) = renew(demo)
        assert (row["names"], row["key"], row["error"]) == ([NAME], "ecdsa", "")
        wait_until_served(demo)
        trusting = ssl.create_default_context(cadata=ca.root())
        for service in ("imaps", "submissions", "https"):
            with socket.create_connection(("127.0.0.1", demo.port(service)), timeout=20) as sock:
                trusting.wrap_socket(sock, server_hostname=NAME).close()
        assert list((demo.root / "run" / "challenges").rglob("*.*")) == []
        key = demo.root / "ring" / "tls" / f"{NAME}.ecdsa.pem"
        assert key.stat().st_mode & 0o777 == 0o600


def test_rsa_is_served_beside_ecdsa_to_who_knows_no_other(demo: Demo, tmp_path: Path) -> None:
    with pebble(tmp_path / "ca", demo.port("http"), demo.port("https")) as ca:
        order(demo, f'{ca.settings()}[[acme.certificates]]\nnames = ["{NAME}"]\nis_rsa_added = true\n')
        assert [row["key"] for row in renew(demo)] == ["ecdsa", "rsa"]
        wait_until_served(demo)
        for ciphers, kind in (("ECDHE-RSA-AES256-GCM-SHA384", "RSA"), ("ECDHE-ECDSA-AES256-GCM-SHA384", "EC")):
            leaf = shown(demo, ciphers=ciphers)
            assert type(leaf.public_key()).__name__.startswith(kind)
            assert "Pebble" in leaf.issuer.rfc4514_string()


def test_a_challenge_that_the_authority_does_not_find_changes_nothing(demo: Demo, tmp_path: Path) -> None:
    with pebble(tmp_path / "ca", demo.port("smtp"), demo.port("smtp")) as ca:  # it looks at the wrong port
        order(demo, ca.settings())
        (row,) = renew(demo, is_refused=True)
        assert NAME in row["error"]
        assert row["expires_at_ms"] is None
        assert "Pebble" not in shown(demo).issuer.rfc4514_string()
        assert not (demo.root / "ring" / "tls" / f"{NAME}.ecdsa.pem").exists()
        until(lambda: "certificate_failed" in logged(demo), "the event is on disk")


def logged(demo: Demo) -> str:
    return "".join(path.read_text() for path in demo.root.glob("events/*/system*.jsonl"))


def test_the_next_authority_is_asked_when_one_is_down(demo: Demo, tmp_path: Path) -> None:
    with pebble(tmp_path / "ca", demo.port("http"), demo.port("https"), PEBBLE_WFE_NONCEREJECT="50") as ca:
        down = f'[[acme.authorities]]\ndirectory = "https://{HOST}:1/dir"\n'
        order(demo, down + ca.settings())
        assert renew(demo)[0]["source"] == ca.directory
        wait_until_served(demo)


class Load(threading.Thread):
    """Sessions that stay, and new ones all the time; ``failures`` has what went wrong."""

    def __init__(self, demo: Demo) -> None:
        super().__init__(daemon=True)
        self._demo = demo
        self.failures: list[str] = []
        self.handshakes = 0
        self.rounds = 0
        self.issuers: set[str] = set()
        self.ended = threading.Event()

    def run(self) -> None:
        with self._demo.inbox("alice") as imap, self._demo.smtp() as smtp:
            smtp.starttls(context=ssl._create_unverified_context())
            while not self.ended.is_set():
                self._try("imap", lambda: imap.noop()[0] == "OK")
                self._try("smtp", lambda: smtp.noop()[0] == 250)
                self._try("handshake", lambda: self._shake("imaps"))
                self._try("handshake", lambda: self._shake("submissions"))
                self._try("mail", lambda: smtp.sendmail("a@example.net", ["alice@example.test"], MESSAGE) == {})
                self.rounds += 1

    def _shake(self, service: str) -> bool:
        self.issuers.add(shown(self._demo, service).issuer.rfc4514_string())
        self.handshakes += 1
        return True

    def _try(self, what: str, work: Any) -> None:
        try:
            if not work():
                self.failures.append(f"{what}: wrong answer")
        except (OSError, imaplib.IMAP4.error, smtplib.SMTPException) as exc:
            self.failures.append(f"{what}: {exc!r}")


def test_renewals_under_load_fail_and_drop_nothing(demo: Demo, tmp_path: Path) -> None:
    with pebble(tmp_path / "ca", demo.port("http"), demo.port("https")) as ca:
        order(demo, ca.settings())
        load = Load(demo)
        load.start()
        serials = set()
        for _ in range(4):
            assert renew(demo)[0]["error"] == ""
            end = time.monotonic() + 20
            while shown(demo).serial_number in serials:
                assert time.monotonic() < end
            serials.add(shown(demo).serial_number)
        wait_until_served(demo)
        load.ended.set()
        load.join(30)
        assert not load.is_alive()
        assert load.failures == []
        assert load.rounds > 3
        assert load.handshakes == 2 * load.rounds
        assert len(serials) >= 2
        assert len(load.issuers) == 2  # the demo's own before, pebble's after


def test_a_front_that_is_killed_in_the_middle_of_an_order_leaves_what_was_there(demo: Demo, tmp_path: Path) -> None:
    """The authority waits long before it looks, so the order is under way when the front dies."""
    slow = {"PEBBLE_VA_NOSLEEP": "0", "PEBBLE_VA_SLEEPTIME": "3"}
    with pebble(tmp_path / "ca", demo.port("http"), demo.port("https"), **slow) as ca:
        order(demo, f'challenges = ["http-01"]\n{ca.settings()}')
        asking = threading.Thread(target=demo.run, args=("cert", "renew"), daemon=True)
        asking.start()
        challenges = demo.root / "run" / "challenges" / "http"
        demo.wait_for(lambda: challenges.is_dir() and any(challenges.iterdir()), 20)
        before = demo.pids()["front-0"]
        os.kill(before, signal.SIGKILL)
        demo.wait_for(lambda: demo.pids().get("front-0") not in (None, before), 20)
        asking.join(60)
        assert "Pebble" not in shown(demo).issuer.rfc4514_string()
        end = time.monotonic() + 60
        while True:  # the new front orders by itself; the command may come too early for it
            done = demo.run("cert", "renew", "--json")
            if done.returncode == 0:
                break
            assert time.monotonic() < end, done.stderr
            time.sleep(0.2)
        wait_until_served(demo)
        assert not any(challenges.glob("*")) or not challenges.exists()


@pytest.mark.needs("knot")
def test_a_wildcard_is_proven_in_a_zone_that_takes_signed_updates(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "dns").mkdir()
    with knot(tmp_path / "dns") as server:
        place = f"{server.address}:{server.port}"
        with pebble(tmp_path / "ca", 1, 1, dns=place) as ca:  # it asks nothing but DNS
            key = demo.root / "tsig"
            key.write_text(f"{KEY.algorithm}:{KEY.name}:{KEY.secret.reveal().decode()}\n")
            key.chmod(0o600)
            names = '[[acme.certificates]]\nnames = ["example.org", "*.example.org"]\n'
            zone = f'[[dns.publish]]\nzone = "example.org"\nserver = "{place}"\nkey_file = "tsig"\n'
            order(demo, f'challenges = ["dns-01"]\ndns_wait_s = 0\n{ca.settings()}{names}{zone}')
            (row,) = renew(demo)
            assert row["names"] == ["example.org", "*.example.org"]
            assert "Pebble" in shown(demo, name="imap.example.org").issuer.rfc4514_string()


@pytest.mark.needs("curl")
def test_the_policy_of_a_hosted_domain_is_found_under_a_certificate_of_its_own(demo: Demo, tmp_path: Path) -> None:
    """As a sender with MTA-STS looks for it (RFC 8461 3.3): name and authority have to be right."""
    host = "mta-sts.example.test"
    zone = demo.root / "zone.yml"
    if host not in zone.read_text():
        zone.write_text(zone.read_text() + f"{host}:\n  - A: 127.0.0.1\n")
    with pebble(tmp_path / "ca", demo.port("http"), demo.port("https")) as ca:
        order(demo, f'{ca.settings()}[mta_sts]\nmode = "enforce"\n')
        assert [row["names"] for row in renew(demo)] == [[NAME], [host]]
        wait_until_served(demo)
        (tmp_path / "root.pem").write_text(ca.root())
        place = ["--connect-to", f"{host}:443:127.0.0.1:{demo.port('https')}"]
        command = ["curl", "-sS", "--max-time", "20", "--cacert", str(tmp_path / "root.pem"), *place]
        said = subprocess.run(
            [*command, f"https://{host}/.well-known/mta-sts.txt"], capture_output=True, text=True, check=True
        ).stdout
        assert said == "version: STSv1\nmode: enforce\nmx: mail.example.test\nmax_age: 604800\n"
