"""Mail programs of others with app passwords on a whole demo: mbsync (PLAIN and SCRAM), curl, swaks; and their end."""

import imaplib
import json
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo import Demo, prepared

NAME = "alice@example.test"
LETTER = b"From: alice@example.test\r\nTo: alice@example.test\r\nSubject: from a program\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    made = prepared(tmp_path_factory.mktemp("app") / "demo")
    with (made.root / "skrytka.toml").open("a", encoding="utf-8") as config:
        config.write("\n[login]\nis_scram_announced = true\n")
    with made as running:
        yield running


def asked(demo: Demo, *arguments: str) -> Any:
    done = demo.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def app(demo: Demo, request: pytest.FixtureRequest) -> Iterator[Any]:
    made = asked(demo, "app-password", "add", NAME, request.node.name)
    yield made
    asked(demo, "app-password", "remove", NAME, "--all")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.needs("isync", "libsasl2-modules")
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_mbsync_copies_a_mailbox(demo: Demo, app: Any, tmp_path: Path, mechanism: str) -> None:
    """SCRAM is Cyrus SASL's, which was written by others from the same RFC."""
    config = tmp_path / "mbsyncrc"

    def sync(password: str) -> subprocess.CompletedProcess[str]:
        config.write_text(
            f"IMAPAccount a\nHost localhost\nPort {demo.port('imaps')}\nUser {NAME}\nPass {password}\n"
            f"AuthMechs {mechanism}\nSSLType IMAPS\nCertificateFile {demo.facts['ca']}\n\n"
            f"IMAPStore far\nAccount a\n\nMaildirStore near\nPath {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n"
        )
        (tmp_path / "mail").mkdir(exist_ok=True)
        return run("mbsync", "-c", str(config), "all")

    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), context=trusting(demo)) as client:
        client.login(NAME, app["password"])
        client.sendmail(NAME, [NAME], LETTER)
    done = sync(app["password"])
    assert done.returncode == 0, done.stderr
    assert any((tmp_path / "mail" / "INBOX" / "new").iterdir())
    assert sync("abcd-" * 7 + "abcd").returncode != 0
    (listed,) = asked(demo, "app-password", "list", NAME)
    assert listed["name"].startswith("test_mbsync")


@pytest.mark.needs("curl")
def test_curl_reads_and_sends(demo: Demo, app: Any, tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_bytes(LETTER)
    base = ("curl", "-sS", "--max-time", "20", "--cacert", demo.facts["ca"], "--user", f"{NAME}:{app['password']}")
    submissions = f"smtps://localhost:{demo.port('submissions')}"
    sent = run(*base, "--mail-from", NAME, "--mail-rcpt", NAME, "--upload-file", str(letter), submissions)
    assert sent.returncode == 0, sent.stderr
    read = run(*base, f"imaps://localhost:{demo.port('imaps')}/INBOX", "--request", "STATUS INBOX (MESSAGES)")
    assert "MESSAGES" in read.stdout, read.stderr


@pytest.mark.needs("swaks", "libnet-ssleay-perl")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_sends(demo: Demo, app: Any, mechanism: str) -> None:
    where = ("--server", f"localhost:{demo.port('submission')}", "--tls", "--from", NAME, "--to", NAME)
    done = run("swaks", *where, "--auth", mechanism, "--auth-user", NAME, "--auth-password", app["password"])
    assert done.returncode == 0, done.stdout + done.stderr
    refused = run("swaks", *where, "--auth", mechanism, "--auth-user", NAME, "--auth-password", "abcd-" * 7 + "abcd")
    assert " 535 5.7.8 " in refused.stdout


def test_what_is_logged_in_with_it_is_cut_off_with_it(demo: Demo) -> None:
    """A session that idles and one that is to send, on whichever front they are."""
    made = asked(demo, "app-password", "add", NAME, "to be removed")
    context = trusting(demo)
    idling = imaplib.IMAP4_SSL("localhost", demo.port("imaps"), ssl_context=context, timeout=30)
    idling.login(NAME, made["password"])
    idling.select()
    idling.send(b"x IDLE\r\n")
    assert idling.readline().startswith(b"+ ")
    sending = smtplib.SMTP_SSL("localhost", demo.port("submissions"), context=context, timeout=30)
    sending.login(NAME, made["password"])
    number = made["app_password"]["number"]
    asked(demo, "app-password", "remove", NAME, str(number))
    while (line := idling.readline()).endswith((b" EXISTS\r\n", b" RECENT\r\n")):  # the mail that tells the owner of it
        pass
    assert line.startswith(b"* BYE [AUTHENTICATIONFAILED]")
    assert sending.getreply()[0] == 421
    idling.shutdown()
    sending.close()


def test_the_owner_is_told_by_mail(demo: Demo, app: Any) -> None:
    context = trusting(demo)
    with imaplib.IMAP4_SSL("localhost", demo.port("imaps"), ssl_context=context, timeout=30) as session:
        session.login(NAME, app["password"])
        found = [b""]
        for _ in range(600):
            session.select()
            found = session.search(None, "SUBJECT", '"app password"')[1]
            if found != [b""]:
                break
        assert found != [b""]


def trusting(demo: Demo) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=demo.facts["ca"])
