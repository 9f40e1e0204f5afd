"""Mailboxes of others with real clients at a running server, and a right that is taken while one waits.

What bob may see of the mail of alice is what an administrator has given him.
"""

import imaplib
import mailbox
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo

OWNER, DELEGATE = "alice@example.test", "bob@example.test"
MESSAGE = b"From: a@example.org\r\nSubject: Quarterly\r\nMessage-ID: <q@example.org>\r\n\r\nfigures\r\n"
WORK = f"Other Users/{OWNER}/Work"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture(scope="module")
def owner(demo: Demo) -> Iterator[imaplib.IMAP4_SSL]:
    with login(demo, OWNER) as found:
        found.create("Work")
        found.append("Work", "(\\Flagged)", imaplib.Time2Internaldate(1_000_000_000), MESSAGE)
        yield found


def login(demo: Demo, name: str) -> imaplib.IMAP4_SSL:
    found = imaplib.IMAP4_SSL("localhost", demo.facts["ports"]["imaps"], ssl_context=demo.tls(), timeout=20)
    found.login(name, str(demo.facts["accounts"][name]))
    return found


@pytest.fixture
def delegate(demo: Demo, owner: imaplib.IMAP4_SSL) -> Iterator[imaplib.IMAP4_SSL]:
    share(demo, "Work", "lr")
    with login(demo, DELEGATE) as found:
        yield found


def share(demo: Demo, mailbox: str, rights: str) -> None:
    done = demo.run("delegation", "add", OWNER, DELEGATE, "mailbox", "--mailbox", mailbox, "--rights", rights)
    assert done.returncode == 0, done.stderr


def test_imaplib_finds_reads_and_copies_out(demo: Demo, delegate: imaplib.IMAP4_SSL) -> None:
    assert delegate.namespace()[1] == [b'(("" "/")) (("Other Users/" "/")) NIL']
    listed = [
        line.rpartition(b'"/" ')[2] for line in delegate.list('"Other Users/"', "*")[1] if isinstance(line, bytes)
    ]
    assert f'"{WORK}"'.encode() in listed
    assert b"MESSAGES 1" in delegate.status(f'"{WORK}"', "(MESSAGES)")[1][0]
    with pytest.raises(imaplib.IMAP4.readonly):
        delegate.select(f'"{WORK}"')
    status, _ = delegate.select(f'"{WORK}"', readonly=True)
    assert status == "OK"
    assert delegate.search(None, "SUBJECT", "Quarterly")[1] == [b"1"]
    assert delegate.fetch("1", "(FLAGS BODY[])")[1][0][1] == MESSAGE  # type: ignore[index]
    status, answer = delegate.store("1", "+FLAGS", "(\\Seen)")
    assert (status, b"NOPERM" in answer[0]) == ("NO", True)
    delegate.create("Mine")
    assert delegate.copy("1", "Mine")[0] == "OK"
    delegate.select("Mine")
    assert delegate.fetch("1", "(FLAGS INTERNALDATE BODY[])")[1][0][1] == MESSAGE  # type: ignore[index]
    assert b"\\Flagged" in delegate.fetch("1", "(FLAGS)")[1][0]  # type: ignore[operator]
    assert b" 9-Sep-2001" in delegate.fetch("1", "(INTERNALDATE)")[1][0]  # type: ignore[operator]


def test_curl_fetches(demo: Demo, delegate: imaplib.IMAP4_SSL) -> None:
    curl = shutil.which("curl")
    assert curl, "curl stands in tests/debian-packages.txt"
    place = f"imaps://localhost:{demo.facts['ports']['imaps']}/Other%20Users%2F{OWNER}%2FWork;UID=1"
    user = f"{DELEGATE}:{demo.facts['accounts'][DELEGATE]}"
    command = [curl, "-sS", "--cacert", str(demo.facts["ca"]), "-u", user, "--max-time", "20", place]
    done = subprocess.run(command, capture_output=True, check=False, timeout=30)
    assert done.stdout == MESSAGE, done.stderr


def take_while_he_waits(demo: Demo, owner: imaplib.IMAP4_SSL, waiting: imaplib.IMAP4_SSL, name: str) -> list[bytes]:
    """What he is told, up to the line that ends it."""
    owner.create(name)
    share(demo, name, "lr")
    waiting.select(f'"Other Users/{OWNER}/{name}"', readonly=True)
    waiting.send(b"w IDLE\r\n")
    assert waiting.readline().startswith(b"+")
    owner.append(name, "", "", MESSAGE)
    lines = [waiting.readline()]
    assert lines[0].endswith(b" EXISTS\r\n")
    done = demo.run("delegation", "remove", OWNER, DELEGATE, "mailbox", "--mailbox", name)
    assert done.returncode == 0, done.stderr
    while lines[-1] and not lines[-1].startswith((b"* BYE", b"* OK [CLOSED]")):
        lines.append(waiting.readline())
    return lines


def test_a_right_that_is_taken_ends_a_session_that_waits(demo: Demo, owner: imaplib.IMAP4_SSL) -> None:
    """Rev1 has no word for a mailbox that is gone but BYE; the client that is told reconnects and sees it no more."""
    waiting = login(demo, DELEGATE)
    try:
        assert take_while_he_waits(demo, owner, waiting, "Secret")[-1].startswith(b"* BYE")
    finally:
        waiting.shutdown()
    with login(demo, DELEGATE) as again:
        status, answer = again.status(f'"Other Users/{OWNER}/Secret"', "(MESSAGES)")
        assert (status, b"NONEXISTENT" in answer[0]) == ("NO", True)
        assert not any(b"Secret" in line for line in again.list()[1] if isinstance(line, bytes))


def test_of_rev2_only_the_mailbox_is_closed(demo: Demo, owner: imaplib.IMAP4_SSL) -> None:
    with login(demo, DELEGATE) as waiting:
        assert waiting.enable("IMAP4rev2")[0] == "OK"
        assert take_while_he_waits(demo, owner, waiting, "Secret2")[-1].startswith(b"* OK [CLOSED]")
        waiting.send(b"DONE\r\n")
        assert waiting.readline().startswith(b"w OK")
        assert waiting.noop()[0] == "OK"


def test_imaplib_works_in_a_mailbox_that_is_shared_with_all_rights(demo: Demo, owner: imaplib.IMAP4_SSL) -> None:
    owner.create("Team")
    owner.append("Team", "", "", MESSAGE)
    share(demo, "Team", "lrswite")
    team = f'"Other Users/{OWNER}/Team"'
    with login(demo, DELEGATE) as delegate:
        status, answer = delegate.append(team, "(\\Flagged)", "", MESSAGE)
        assert (status, b"APPENDUID" in answer[0]) == ("OK", True)
        assert delegate.select(team)[0] == "OK"
        count = int(delegate.select(team)[1][0] or b"0")
        assert delegate.store("1", "+FLAGS", "(\\Seen)")[0] == "OK"
        owner.select("Team")
        assert b"\\Seen" in owner.fetch("1", "(FLAGS)")[1][0]  # type: ignore[operator]
        assert delegate.uid("MOVE", "1", "INBOX")[0] == "OK"
        assert owner.noop()[0] == "OK"
        assert owner.search(None, "ALL")[1] != [b""]
        assert len(owner.search(None, "ALL")[1][0].split()) == count - 1
        owner.close()
        delegate.close()


def test_mbsync_keeps_a_shared_mailbox_both_ways(demo: Demo, owner: imaplib.IMAP4_SSL, tmp_path: Path) -> None:
    assert shutil.which("mbsync"), "isync stands in tests/debian-packages.txt"
    owner.create("Synced")
    owner.append("Synced", "", "", MESSAGE)
    share(demo, "Synced", "lrswite")
    config, near = tmp_path / "mbsyncrc", tmp_path / "near"
    near.mkdir()
    config.write_text(
        f"IMAPAccount a\nHost localhost\nPort {demo.facts['ports']['imaps']}\nUser {DELEGATE}\n"
        f"Pass {demo.facts['accounts'][DELEGATE]}\nSSLType IMAPS\nCertificateFile {demo.facts['ca']}\n\n"
        f'IMAPStore far\nAccount a\nPath "Other Users/{OWNER}/"\n\n'
        f"MaildirStore near\nPath {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nPatterns Synced\nCreate Near\nExpunge Both\nSync All\nSyncState *\n"
    )

    def sync() -> None:
        done = subprocess.run(
            ["mbsync", "-c", str(config), "all"], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout

    sync()
    box = mailbox.Maildir(near / "Synced")
    assert [str(found["Subject"]) for found in box] == ["Quarterly"]
    box.add(mailbox.MaildirMessage(b"Subject: from near\n\nx\n"))
    sync()
    owner.select("Synced")
    assert owner.search(None, "SUBJECT", '"from near"')[1] != [b""]
    owner.close()
