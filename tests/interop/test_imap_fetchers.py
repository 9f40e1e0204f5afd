"""Programs that fetch mail over IMAP: offlineimap both ways, fetchmail and getmail out of the INBOX."""

import mailbox
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo

BODY = "Zażółć gęślą jaźń"
POLISH = "Wysłane ręcznie"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


def letter(number: int) -> bytes:
    head = f"From: bob@example.test\r\nSubject: Nr {number}\r\nMessage-ID: <fetch-{number}@example.test>\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{BODY} {number}\r\n".encode()


def run(tmp_path: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=os.environ | {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def utf7(name: str) -> str:
    """RFC 3501 5.1.3: as imaplib and the clients of rev1 send it."""
    return name.encode("utf-7").replace(b"&", b"&-").replace(b"+", b"&").decode()


def subjects(folder: Path) -> list[str]:
    return sorted(str(found["Subject"]) for found in mailbox.Maildir(folder, create=False))


def taker(tmp_path: Path) -> Path:
    """A program that takes one message from its standard input."""
    script = tmp_path / "take.sh"
    script.write_text(f"#!/bin/sh\ncat > {tmp_path}/taken.$$\n")
    script.chmod(0o755)
    return script


def taken(tmp_path: Path) -> list[str]:
    """Subjects of what it took; each has its body."""
    texts = [path.read_text() for path in tmp_path.glob("taken.*")]
    assert all(BODY in text for text in texts)
    return sorted(text.split("Subject: ")[1][:4] for text in texts)


OFFLINEIMAP = """\
[general]
accounts = a
metadata = {root}/meta
ui = basic
[Account a]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {root}/mail
[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = alice@example.test
remotepass = {password}
ssl = yes
sslcacertfile = {ca}
"""


@pytest.mark.needs("offlineimap3")
def test_offlineimap_copies_both_ways(demo: Demo, tmp_path: Path) -> None:
    config = tmp_path / "offlineimaprc"
    facts = {"port": demo.port("imaps"), "password": demo.password("alice"), "ca": demo.facts["ca"]}
    config.write_text(OFFLINEIMAP.format(root=tmp_path, **facts))
    command = ("offlineimap", "-c", str(config), "-o")
    with demo.inbox("alice") as client:
        client.create(f'"{utf7(POLISH)}"')
        for number in (1, 2):
            client.append("INBOX", "", "", letter(number))
        client.append(f'"{utf7(POLISH)}"', "(\\Seen)", "", letter(3))
    run(tmp_path, *command)
    near = tmp_path / "mail"
    assert subjects(near / "INBOX") == ["Nr 1", "Nr 2"]
    assert subjects(near / utf7(POLISH)) == ["Nr 3"]
    # changes on both sides
    made = mailbox.MaildirMessage(letter(4).replace(b"\r\n", b"\n"))
    made.set_flags("F")
    inbox = mailbox.Maildir(near / "INBOX")
    inbox.add(made)
    inbox.remove(next(key for key, found in inbox.items() if found["Subject"] == "Nr 1"))
    with demo.inbox("alice") as client:
        client.store("2", "+FLAGS", "(\\Seen)")
    run(tmp_path, *command)
    with demo.inbox("alice") as client:
        assert client.uid("SEARCH", "ALL")[1] == [b"2 3"]
        assert client.uid("SEARCH", "FLAGGED SUBJECT", '"Nr 4"')[1] == [b"3"]
    flags = {str(found["Subject"]): found.get_flags() for found in mailbox.Maildir(near / "INBOX", create=False)}
    assert flags == {"Nr 2": "S", "Nr 4": "F"}


@pytest.mark.needs("fetchmail")
def test_fetchmail_takes_the_inbox(demo: Demo, tmp_path: Path) -> None:
    with demo.inbox("bob") as client:
        for number in (1, 2):
            client.append("INBOX", "", "", letter(number))
    config = tmp_path / "fetchmailrc"
    config.write_text(
        f'poll localhost protocol IMAP service {demo.port("imaps")} user "bob@example.test" password'
        f' "{demo.password("bob")}" ssl sslcertck sslcertfile {demo.facts["ca"]} mda {taker(tmp_path)}\n'
    )
    config.chmod(0o600)
    run(tmp_path, "fetchmail", "-f", str(config), "--pidfile", str(tmp_path / "pid"), "-v")
    assert taken(tmp_path) == ["Nr 1", "Nr 2"]
    with demo.inbox("bob") as client:
        assert client.uid("SEARCH", "ALL")[1] == [b""]


GETMAIL = """\
[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = {port}
username = carol@example.test
password = {password}
mailboxes = ("INBOX", "Archive")
ca_certs = {ca}
[destination]
type = MDA_external
path = {script}
allow_root_commands = true
[options]
delete = true
read_all = false
delivered_to = false
received = false
"""


@pytest.mark.needs("getmail6")
def test_getmail_takes_two_mailboxes(demo: Demo, tmp_path: Path) -> None:
    with demo.inbox("carol") as client:
        for number, folder in ((1, "INBOX"), (2, "Archive"), (3, "Archive")):
            client.append(folder, "", "", letter(number))
    config = tmp_path / "getmailrc"
    facts = {"port": demo.port("imaps"), "password": demo.password("carol"), "ca": demo.facts["ca"]}
    config.write_text(GETMAIL.format(script=taker(tmp_path), **facts))
    run(tmp_path, "getmail", "--getmaildir", str(tmp_path), "--rcfile", str(config))
    assert taken(tmp_path) == ["Nr 1", "Nr 2", "Nr 3"]
    with demo.inbox("carol") as client:
        for folder in ("INBOX", "Archive"):
            client.select(folder)
            assert client.search(None, "ALL")[1] == [b""]
