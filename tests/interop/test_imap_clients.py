"""Real IMAP clients doing real work against the demo: imaplib, IMAPClient, mbsync both ways, mutt, curl."""

import imaplib
import mailbox
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import imapclient
import pytest

from tests.support.demo import Demo

NAME = "bob@example.test"
MESSAGE = "From: Bob <bob@example.test>\r\nSubject: %s\r\nMessage-ID: <%s@example.test>\r\n\r\nZażółć gęślą jaźń\r\n"


def message(number: str) -> bytes:
    return (MESSAGE % (f"Nr {number}", number)).encode()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture
def password(demo: Demo) -> str:
    return str(demo.facts["accounts"][NAME])


@pytest.fixture
def session(demo: Demo, password: str) -> Iterator[imaplib.IMAP4_SSL]:
    found = imaplib.IMAP4_SSL("localhost", demo.facts["ports"]["imaps"], ssl_context=demo.tls(), timeout=20)
    found.login(NAME, password)
    yield found
    found.logout()


def test_imaplib_appends_copies_moves_and_expunges(session: imaplib.IMAP4_SSL) -> None:
    assert session.create("Work/Letters")[0] == "OK"
    status, answer = session.append("Work/Letters", "(\\Seen)", imaplib.Time2Internaldate(1_000_000_000), message("a"))
    assert (status, b"APPENDUID" in answer[0]) == ("OK", True)
    session.select("Work/Letters")
    assert session.copy("1", "Sent")[0] == "OK"
    assert session.uid("MOVE", "1", "Trash")[0] == "OK"
    assert session.search(None, "ALL")[1] == [b""]
    session.select("Trash")
    assert session.fetch("1", "(FLAGS BODY[])")[1][0][1] == message("a")  # type: ignore[index]
    session.store("1", "+FLAGS", "(\\Deleted)")
    assert session.expunge()[1] == [b"1"]
    session.unselect()
    assert session.rename("Work/Letters", "Briefe")[0] == "OK"
    assert session.delete("Briefe")[0] == "OK"


def test_new_mail_is_recent_in_one_session_whichever_front_it_meets(demo: Demo, password: str) -> None:
    port = demo.facts["ports"]["imaps"]
    sessions = [imaplib.IMAP4_SSL("localhost", port, ssl_context=demo.tls(), timeout=20) for _ in range(6)]
    for session in sessions:
        session.login(NAME, password)
    sessions[0].create("Recent")
    for number in "ab":
        assert sessions[1].append("Recent", "", "", message(number))[0] == "OK"
    sessions[2].select("Recent", readonly=True)
    assert sessions[2].recent()[1] == [b"2"]
    recent = []
    for session in sessions:
        session.select("Recent")
        recent.append(session.response("RECENT")[1][-1])
    assert recent == [b"2", *[b"0"] * 5]
    assert sessions[0].fetch("1", "(FLAGS)")[1] == [b"1 (FLAGS (\\Recent))"]
    assert sessions[0].search(None, "NEW")[1] == [b"1 2"]
    assert sessions[3].search(None, "OLD")[1] == [b"1 2"]
    assert sessions[4].append("Recent", "", "", message("c"))[0] == "OK"
    assert sessions[4].recent()[1] == [b"1"]
    assert sessions[4].fetch("3", "(FLAGS)")[1] == [b"3 (FLAGS (\\Recent))"]
    for session in sessions:
        session.logout()


def test_imapclient_searches_in_polish(demo: Demo, password: str) -> None:
    port = demo.facts["ports"]["imaps"]
    with imapclient.IMAPClient("localhost", port, ssl_context=demo.tls(), timeout=20) as client:
        client.login(NAME, password)
        client.create_folder("Wysłane/Żółte")
        client.append("Wysłane/Żółte", message("b"), flags=[imapclient.SEEN, "$work"])
        client.select_folder("Wysłane/Żółte")
        assert client.search(["TEXT", "GĘŚLĄ"], "UTF-8") == [1]
        client.copy([1], "Archive")
        client.move([1], "Drafts")
        assert client.folder_status("Drafts", ["MESSAGES"])[b"MESSAGES"] == 1
        assert "Wysłane/Żółte" in [name for _flags, _separator, name in client.list_folders()]
        client.delete_folder("Wysłane/Żółte")


@pytest.mark.skipif(shutil.which("mbsync") is None, reason="isync is not installed")
def test_mbsync_both_ways(demo: Demo, password: str, session: imaplib.IMAP4_SSL, tmp_path: Path) -> None:
    session.append("INBOX", None, None, message("far"))
    config = tmp_path / "mbsyncrc"
    config.write_text(
        f"IMAPAccount a\nHost localhost\nPort {demo.facts['ports']['imaps']}\nUser {NAME}\nPass {password}\n"
        f"SSLType IMAPS\nCertificateFile {demo.facts['ca']}\n\nIMAPStore far\nAccount a\n\n"
        f"MaildirStore near\nPath {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSync All\nSyncState *\n"
    )
    (tmp_path / "mail").mkdir()

    def sync() -> None:
        done = subprocess.run(
            ["mbsync", "-c", str(config), "all"], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout

    sync()
    inbox = mailbox.Maildir(tmp_path / "mail" / "INBOX")
    assert "Nr far" in [str(found["Subject"]) for found in inbox]
    made = mailbox.MaildirMessage(message("near").replace(b"\r\n", b"\n"))
    made.set_flags("F")
    inbox.add(made)
    sync()
    session.select("INBOX")
    assert session.search(None, "SUBJECT", '"Nr near"', "FLAGGED")[1] != [b""]
    session.store("1:*", "+FLAGS", "(\\Deleted)")
    session.expunge()
    sync()
    assert len(mailbox.Maildir(tmp_path / "mail" / "INBOX")) == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_puts_and_gets(demo: Demo, password: str, tmp_path: Path) -> None:
    (tmp_path / "m.eml").write_bytes(message("curl"))
    url = f"imaps://localhost:{demo.facts['ports']['imaps']}"
    base = ["curl", "-sS", "--cacert", str(demo.facts["ca"]), "-u", f"{NAME}:{password}", "--max-time", "20"]
    subprocess.run([*base, f"{url}/Junk", "-T", str(tmp_path / "m.eml")], check=True)
    got = subprocess.run([*base, f"{url}/Junk;MAILINDEX=1"], check=True, capture_output=True).stdout
    assert got == message("curl")
    listed = subprocess.run([*base, url], check=True, capture_output=True, text=True).stdout
    assert '"Junk"' in listed


@pytest.mark.skipif(shutil.which("mutt") is None, reason="mutt is not installed")
def test_mutt_saves_a_message(demo: Demo, password: str, session: imaplib.IMAP4_SSL, tmp_path: Path) -> None:
    session.create("Mutt")
    session.append("Mutt", None, None, message("mutt"))
    rc = tmp_path / "muttrc"
    rc.write_text(
        f'set folder="imaps://localhost:{demo.facts["ports"]["imaps"]}/"\nset imap_user="{NAME}"\n'
        f'set imap_pass="{password}"\nset certificate_file="{demo.facts["ca"]}"\nset ssl_usesystemcerts=no\n'
        "set ssl_verify_dates=no\nset ssl_verify_host=no\nset delete=yes\nset confirmappend=no\nset move=no\n"
        'set quit=yes\nset header_cache=""\nset wait_key=no\n'
        'push "<save-message>=Archive<enter><quit>"\n'
    )
    subprocess.run(
        ["script", "-qec", f"mutt -n -F {rc} -f =Mutt", "/dev/null"],
        check=False,
        timeout=40,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={"HOME": str(tmp_path), "TERM": "xterm", "PATH": "/usr/bin:/bin"},
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        session.select("Archive")
        if session.search(None, "SUBJECT", '"Nr mutt"')[1] != [b""]:
            break
    assert session.search(None, "SUBJECT", '"Nr mutt"')[1] != [b""]
    session.select("Mutt")
    assert session.search(None, "ALL")[1] == [b""]
