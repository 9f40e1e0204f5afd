"""Mail programs send through the submission ports of a running demo."""

import smtplib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo, prepared

ALICE = "alice@example.test"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


def arrived(demo: Demo, name: str, text: bytes) -> bytes:
    """The message with this text; delivery was before the reply, so it is there."""
    (found,) = [message for message in demo.messages(name) if text in message]
    return found


@pytest.mark.needs("swaks", "libnet-ssleay-perl")
@pytest.mark.parametrize(
    ("service", "tls", "mechanism"),
    [
        ("submission", "--tls", "PLAIN"),
        ("submission", "--tls", "LOGIN"),
        ("submissions", "--tls-on-connect", "PLAIN"),
        ("submissions", "--tls-on-connect", "LOGIN"),
    ],
)
def test_swaks_sends(demo: Demo, service: str, tls: str, mechanism: str) -> None:
    text = f"{service} {mechanism} {time.monotonic_ns()}"
    done = subprocess.run(
        [
            *("swaks", "--server", "127.0.0.1", "--port", str(demo.port(service)), tls, "--auth", mechanism),
            *("--auth-user", ALICE, "--auth-password", demo.password("alice"), "--from", ALICE),
            *("--to", "bob@example.test", "--body", text),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    message = arrived(demo, "bob", text.encode())
    assert b"\r\nReceived: by mail.example.test with ESMTPSA " in message
    assert b"127.0.0.1" not in message.split(b"\r\n\r\n")[0]


@pytest.mark.needs("msmtp")
@pytest.mark.parametrize(("service", "starttls"), [("submission", "on"), ("submissions", "off")])
def test_msmtp_sends(demo: Demo, service: str, starttls: str, tmp_path: Path) -> None:
    text = f"msmtp {service} {time.monotonic_ns()}"
    config = tmp_path / "msmtprc"
    config.write_text(
        f"account default\nhost localhost\nport {demo.port(service)}\nfrom {ALICE}\nauth on\nuser {ALICE}\n"
        f"password {demo.password('alice')}\ntls on\ntls_starttls {starttls}\ntls_trust_file {demo.facts['ca']}\n"
    )
    config.chmod(0o600)
    done = subprocess.run(
        ["msmtp", "-C", str(config), "bob@example.test"],
        input=f"From: {ALICE}\nTo: bob@example.test\nSubject: msmtp\n\n{text}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Message-ID: <" in arrived(demo, "bob", text.encode())


@pytest.mark.needs("curl")
@pytest.mark.parametrize(("service", "scheme"), [("submission", "smtp"), ("submissions", "smtps")])
def test_curl_sends(demo: Demo, service: str, scheme: str, tmp_path: Path) -> None:
    text = f"curl {service} {time.monotonic_ns()}"
    letter = tmp_path / "letter"
    letter.write_bytes(f"From: {ALICE}\r\nTo: bob@example.test\r\nSubject: curl\r\n\r\n{text}\r\n".encode())
    done = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", str(demo.facts["ca"])),
            *("--url", f"{scheme}://localhost:{demo.port(service)}", "--user", f"{ALICE}:{demo.password('alice')}"),
            *("--mail-from", ALICE, "--mail-rcpt", "bob@example.test", "--upload-file", str(letter)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    arrived(demo, "bob", text.encode())


def test_who_wants_to_hear_that_it_arrived_does(demo: Demo) -> None:
    text = f"confirm {time.monotonic_ns()}"
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=60, context=demo.tls()) as client:
        client.login(ALICE, demo.password("alice"))
        client.sendmail(
            ALICE,
            ["bob@example.test"],
            f"From: {ALICE}\r\nSubject: {text}\r\n\r\nhi\r\n",
            ["RET=FULL", "ENVID=QQ+2B1"],
            ["NOTIFY=SUCCESS", "ORCPT=rfc822;b+2Bob@example.org"],
        )
    report = arrived(demo, "alice", text.encode())
    for field in ("Original-Envelope-Id: QQ+1", "Original-Recipient: rfc822; b+ob@example.org", "Action: delivered"):
        assert f"\r\n{field}\r\n".encode() in report
    assert "report_sent" in demo.run("trace", ALICE).stdout


def test_whoever_is_suspended_while_connected_sends_nothing_more(demo: Demo) -> None:
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=60, context=demo.tls()) as client:
        client.login("bob@example.test", demo.password("bob"))
        client.sendmail("bob@example.test", [ALICE], "From: bob@example.test\r\n\r\nhi\r\n")
        assert demo.run("account", "suspend", "bob@example.test").returncode == 0
        try:
            assert client.docmd("MAIL FROM:<bob@example.test>")[0] == 421
        finally:
            assert demo.run("account", "resume", "bob@example.test").returncode == 0
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.docmd("NOOP")


def test_limits_hold_over_all_fronts(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    prepared(folder)
    with (folder / "skrytka.toml").open("a") as config:
        config.write("[submission]\nrecipients_per_hour = 4\n")
    with Demo(folder) as limited:
        assert len([name for name in limited.pids() if name.startswith("front")]) > 1
        codes, texts = [], set()
        for _ in range(8):  # each connection comes to one of the fronts
            port = limited.port("submissions")
            with smtplib.SMTP_SSL(
                "127.0.0.1", port, timeout=60, context=limited.tls(), source_address=("127.0.0.2", 0)
            ) as client:  # not from where a demo exempts
                client.login(ALICE, limited.password("alice"))
                client.mail(ALICE)
                code, said = client.rcpt("bob@example.test")
                codes.append(code)
                texts.add(said)
        assert codes == [250] * 4 + [452] * 4
        assert b"4.7.1 Your limit of 4 recipients an hour is reached, try again later" in texts
        told = limited.run("trace", ALICE).stdout
        assert told.count("sending_limited") == 4


def test_in_a_demo_mail_to_the_outside_is_held_and_can_be_seen(demo: Demo) -> None:
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=60, context=demo.tls()) as client:
        client.login(ALICE, demo.password("alice"))
        client.sendmail(ALICE, ["friend@example.net"], f"From: {ALICE}\r\n\r\nhi\r\n")
    end = time.monotonic() + 60
    while "demo: not sent" not in (listed := demo.run("queue", "list").stdout):
        assert time.monotonic() < end, listed
        time.sleep(0.2)
    assert "friend@example.net" in listed
    assert "held" in listed
    gone = demo.run("queue", "remove", "all")
    assert (gone.returncode, gone.stdout) == (0, "1 recipient is removed\n")
    assert demo.run("queue", "list", "--json").stdout.strip() == "[]"


def test_nothing_is_taken_in_clear_or_without_a_login(demo: Demo) -> None:
    with smtplib.SMTP("localhost", demo.port("submission"), timeout=60) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        assert client.docmd("AUTH PLAIN AGEAYg==")[0] == 538
        assert client.docmd(f"MAIL FROM:<{ALICE}>")[0] == 530
        client.starttls(context=demo.tls())
        client.ehlo()
        assert client.has_extn("auth")
        assert client.docmd(f"MAIL FROM:<{ALICE}>")[0] == 530
