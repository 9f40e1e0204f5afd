"""The sentences of the demo contract that test_demo.py and test_production.py leave open, one test each."""

import base64
import imaplib
import ipaddress
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from skrytka.daemon.demo import STANDARD_PORTS
from skrytka.model.dns import Mx, Status
from skrytka.net.dns.zone import StaticZone
from tests.support.demo import COMMAND, Demo
from tests.support.ports import free_base

MESSAGE = b"From: Someone <someone@example.net>\r\nSubject: %s\r\n\r\nbody\r\n"
USERS = ("alice", "bob", "carol")
WITHIN_S = 10.0  # "by themselves, within seconds"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo(is_new=True) as running:
        yield running


# -- what it makes --------------------------------------------------------------------------------------------------


def test_the_table_names_every_account_and_port_and_then_one_line_says_ready(demo: Demo) -> None:
    lines = demo.output.splitlines()
    (ready,) = (number for number, line in enumerate(lines) if line.startswith("ready"))
    before = "\n".join(lines[:ready])
    for address, password in demo.facts["accounts"].items():
        assert re.search(rf"^{re.escape(address)} +{re.escape(password)}$", before, re.MULTILINE)
    for name, port in demo.facts["ports"].items():
        assert re.search(rf"^{name} +127\.0\.0\.1:{port}$", before, re.MULTILINE)
    assert len(lines) < 25


def test_the_certificate_is_of_the_demos_own_authority_and_has_four_names(demo: Demo) -> None:
    authority = x509.load_pem_x509_certificate(Path(demo.facts["ca"]).read_bytes())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    sock = socket.create_connection(("127.0.0.1", demo.port("imaps")))
    with demo.tls().wrap_socket(sock, server_hostname="localhost") as tls:
        certificate = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "mail.example.test"}
    addresses = set(names.get_values_for_type(x509.IPAddress))
    assert addresses == {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}


def test_demo_json_names_files_that_are_there(demo: Demo) -> None:
    for name in ("ca", "config"):
        path = Path(demo.facts[name])
        assert path.is_absolute()
        assert path.is_file()


def test_what_is_secret_is_closed_to_others(demo: Demo) -> None:
    for path in demo.root.rglob("*"):
        mode = path.lstat().st_mode & 0o777
        is_public = path.name in {"zone.yml", "skrytka.toml"} or path.suffix in {".pem", ".cnf"}
        assert mode & 0o022 == 0, path
        assert is_public or path.is_dir() or mode & 0o004 == 0 or demo.root.stat().st_mode & 0o777 == 0o700, path


async def test_its_dns_has_example_net_and_no_other_name(demo: Demo) -> None:
    zone = StaticZone.load(demo.root / "zone.yml")
    (exchange,) = (await zone.query("example.net", "MX")).records
    assert isinstance(exchange, Mx)
    assert (await zone.query(exchange.exchange, "A")).records == ("127.0.0.1",)
    (policy,) = (await zone.query("example.net", "TXT")).records
    assert isinstance(policy, bytes)
    assert b"ip4:127.0.0.1" in policy.split()
    assert (await zone.query("1.0.0.127.in-addr.arpa", "PTR")).records
    for name in ("example.org", "debian.org", "localhost", "sub.example.net"):
        for rdtype in ("A", "AAAA", "MX", "TXT"):
            assert (await zone.query(name, rdtype)).status is Status.NXDOMAIN


@pytest.mark.needs("strace")
def test_the_system_resolver_is_never_asked(tmp_path: Path) -> None:
    """From the first start to the last process: no port 53, not even the resolver's settings are read."""
    base = free_base(STANDARD_PORTS.values())
    root, log = tmp_path / "demo", tmp_path / "strace"
    trace = ["strace", "-f", "--seccomp-bpf", "-e", "trace=openat,open,connect,sendto,sendmsg", "-o", str(log)]
    with subprocess.Popen(
        [*trace, *COMMAND, "demo", "--dir", str(root), "--port-base", str(base)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith("ready") for line in process.stdout)
        with smtplib.SMTP("127.0.0.1", base + 25, timeout=20) as session:
            session.sendmail("someone@elsewhere.example", ["alice@example.test"], MESSAGE % b"whose is it")
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0
    text = log.read_text(errors="replace")
    assert "demo.json" in text
    assert "htons(53)" not in text
    assert "resolv.conf" not in text


# -- who may do what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", USERS)
def test_the_passwords_work_on_imap_under_tls(demo: Demo, name: str) -> None:
    with demo.inbox(name) as client:
        assert client.state == "SELECTED"


@pytest.mark.parametrize("has_tls", [False, True])
def test_port_25_never_offers_nor_takes_a_login(demo: Demo, has_tls: bool) -> None:
    with demo.smtp() as session:
        if has_tls:
            session.starttls(context=demo.tls())
        session.ehlo("example.net")
        assert not session.has_extn("auth")
        assert session.docmd("AUTH", f"PLAIN {plain(demo, 'alice')}")[0] in {502, 503}
        session.sendmail("someone@example.net", ["alice@example.test"], MESSAGE % b"no login")


def plain(demo: Demo, name: str) -> str:
    return base64.b64encode(f"\0{name}@example.test\0{demo.password(name)}".encode()).decode()


def test_imap_takes_a_login_under_tls_only(demo: Demo) -> None:
    with imaplib.IMAP4("127.0.0.1", demo.port("imap"), timeout=20) as client:
        assert "LOGINDISABLED" in client.capabilities
        assert not [name for name in client.capabilities if name.startswith("AUTH=")]
        with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
            client.login("alice@example.test", demo.password("alice"))
        client.starttls(demo.tls())
        assert "AUTH=PLAIN" in client.capabilities
        assert client.login("alice@example.test", demo.password("alice"))[0] == "OK"


@pytest.mark.parametrize("name", USERS)
def test_the_passwords_work_on_submission_under_tls(demo: Demo, name: str) -> None:
    with smtplib.SMTP("localhost", demo.port("submission"), timeout=20) as session:
        session.ehlo("laptop.example.net")
        assert not session.has_extn("auth")
        session.starttls(context=demo.tls())
        assert session.login(f"{name}@example.test", demo.password(name))[0] == 235


def test_admins_password_is_for_the_web_only(demo: Demo) -> None:
    session = smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=20, context=demo.tls())
    with session, pytest.raises(smtplib.SMTPAuthenticationError):
        session.login("admin@example.test", demo.password("admin"))
    client = demo.imaps()
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.authenticate("PLAIN", lambda _: base64.b64decode(plain(demo, "admin")))
    client.shutdown()


def test_delay_and_reputation_spare_this_machines_first_address_alone(demo: Demo) -> None:
    assert 'exempt_networks = ["127.0.0.1/32"]' in (demo.root / "skrytka.toml").read_text()


# -- its processes --------------------------------------------------------------------------------------------------


@pytest.mark.needs("root")
def test_as_root_it_stays_root(demo: Demo) -> None:
    for pid in demo.pids().values():
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"^Uid:\t0\t0\t0\t0$", status, re.MULTILINE)


def test_the_programs_show_no_secret_in_their_arguments_or_environment(demo: Demo) -> None:
    secrets = [password.encode() for password in demo.facts["accounts"].values()]
    key = (demo.root / "keys/master.key").read_bytes()
    for pid in demo.pids().values():
        seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert not [secret for secret in (*secrets, key, key.hex().encode()) if secret in seen]


def test_hup_to_the_whole_group_reloads_once_and_drops_nobody(demo: Demo) -> None:
    before = demo.pids()
    with demo.inbox("alice") as client, demo.smtp() as session:
        session.ehlo("example.net")
        os.killpg(demo.process.pid, signal.SIGHUP)
        demo.wait_for(lambda: "settings reloaded" in demo.output, 10)
        assert client.noop()[0] == "OK"
        session.sendmail("someone@example.net", ["alice@example.test"], MESSAGE % b"reloaded")
    assert demo.pids() == before
    assert demo.output.count("settings reloaded") == 1


def test_other_ports_are_all_that_a_second_start_changes(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo", is_new=True) as first:
        first.send("alice@example.test", MESSAGE % b"kept")
        facts = first.facts
    base = free_base(STANDARD_PORTS.values())
    with Demo(tmp_path / "demo", arguments=["demo", "--dir", str(first.root), "--port-base", str(base)]) as second:
        assert second.facts["accounts"] == facts["accounts"]
        assert second.port("smtp") == base + 25
        assert len(second.messages("alice")) == 1


def test_children_of_a_killed_supervisor_end_by_themselves() -> None:
    demo = Demo(is_new=True)
    demo.start()
    try:
        pids = demo.pids()
        with demo.inbox("alice") as client:
            os.kill(demo.process.pid, signal.SIGKILL)
            assert client.readline().startswith(b"* BYE")
        demo.process.wait(10)
        end = time.monotonic() + WITHIN_S
        while left := demo.living(pids):
            assert time.monotonic() < end, f"living still: {left}"
            time.sleep(0.05)
        assert not demo.is_listening("imaps")
        assert not demo.run("store", "check", "--json").returncode  # the folder is free, and whole
    finally:
        demo.abandon()


def test_a_client_that_does_not_stop_talking_cannot_hold_up_the_end() -> None:
    demo = Demo(is_new=True)
    demo.start()
    try:
        talker = [sys.executable, "-c", TALKER, str(demo.port("smtp"))]
        with subprocess.Popen(talker, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"talking\n"
            assert demo.stop() == 0
    finally:
        demo.abandon()


TALKER = """\
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
lines = sock.makefile("rb")
try:
    for number in range(10**6):
        sock.sendall(b"NOOP\\r\\n")
        lines.readline() or sys.exit()
        if number == 10: print("talking", flush=True)
except OSError:
    pass
"""
