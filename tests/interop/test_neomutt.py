"""neomutt on a screen (tmux): somebody reads, flags, moves, deletes and answers mail by keys."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.screen import Screen

UNTIL_S = 40.0
BODY = "Zażółć gęślą jaźń"


RC = """
set folder="imaps://localhost:{imaps}/" spoolfile="+INBOX" record="+Sent" postponed="+Drafts" trash="+Trash"
set imap_user="alice@example.test" imap_pass="{password}" from="alice@example.test" realname="Alicja"
set smtp_url="smtps://alice%40example.test@localhost:{submissions}/" smtp_pass="{password}"
set certificate_file="{ca}" ssl_ca_certificates_file="{ca}" ssl_starttls=no
set charset="utf-8" assumed_charset="utf-8" send_charset="utf-8" use_envelope_from=yes use_8bit_mime=no
set editor="{editor}" edit_headers=no autoedit=yes fast_reply=yes include=no abort_nosubject=no mime_forward=no
set delete=yes confirmappend=no move=no quit=yes header_cache="" message_cachedir="" wait_key=no beep=no mail_check=1
set timeout=1 imap_idle=yes sort=mailbox-order index_format="%2C [%Z] %-20.20L %s" status_on_top=no
"""


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with Demo(tmp_path / "demo") as running:
        yield running


@pytest.fixture
def screen(demo: Demo, tmp_path: Path) -> Iterator[Screen]:
    for number in range(1, 5):
        letter = (
            "From: Bob <bob@example.test>\r\nTo: alice@example.test\r\n"
            f"Message-ID: <{number}@example.test>\r\nSubject: =?utf-8?q?=C5=BB=C3=B3=C5=82w_{number}?=\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{BODY} {number}\r\n"
        )
        demo.send("alice@example.test", letter.encode())
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nprintf "Dziękuję, Bobie!\\n" > "$1"\n')
    editor.chmod(0o755)
    rc = tmp_path / "neomuttrc"
    facts = {name: demo.port(name) for name in ("imaps", "submissions")}
    rc.write_text(RC.format(password=demo.password("alice"), ca=demo.facts["ca"], editor=editor, **facts))
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TERM": "screen"}
    found = Screen(tmp_path, [shutil.which("neomutt") or "neomutt", "-n", "-F", str(rc)], environment)
    try:
        yield found
    finally:
        found.close()


def until(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + UNTIL_S
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def uids(demo: Demo, name: str, folder: str, criteria: str = "ALL") -> list[str]:
    with demo.inbox(name) as client:
        assert client.select(folder, readonly=True)[0] == "OK"
        found: bytes = client.uid("SEARCH", criteria)[1][0]
        return found.decode().split()


@pytest.mark.needs("neomutt", "tmux", "libsasl2-modules")
def test_somebody_reads_flags_moves_deletes_and_answers(demo: Demo, screen: Screen) -> None:
    screen.wait_for("Żółw 1", "Żółw 4")
    # reads the first
    screen.type("1", "Enter")
    screen.wait_for("Żółw 1")
    screen.type("Enter")
    screen.wait_for(f"{BODY} 1")
    # answers it
    screen.type("r")
    screen.wait_for("y:Send", "Re: Żółw 1")
    screen.type("y")
    until(lambda: len(demo.messages("bob")) == 1, "bob has an answer")
    screen.wait_for(f"{BODY} 1")
    screen.type("i")
    screen.wait_for("Żółw 4")
    # flags the second, moves the third, deletes the fourth
    screen.type("2", "Enter")
    screen.type("F")
    screen.type("3", "Enter")
    screen.type("s")
    screen.wait_for("Save to mailbox")
    screen.type("C-u", "=Archive", "Enter")
    screen.wait_for("Żółw 3")
    screen.type("4", "Enter", "d")
    screen.type("$")
    screen.wait_for("Żółw 3", "Żółw 4", is_gone=True)
    until(lambda: uids(demo, "alice", "INBOX") == ["1", "2"], "two are gone")
    assert uids(demo, "alice", "INBOX", "FLAGGED") == ["2"]
    assert uids(demo, "alice", "INBOX", "ANSWERED") == ["1"]
    assert len(uids(demo, "alice", "Archive")) == 1
    assert len(uids(demo, "alice", "Trash")) == 1
    assert len(uids(demo, "alice", "Sent")) == 1
    (answer,) = demo.messages("bob")
    assert b"In-Reply-To:" in answer
    # hears of new mail while it waits
    demo.send("alice@example.test", b"From: Carol <carol@example.test>\r\nSubject: wiadomo\r\n\r\nx\r\n")
    screen.wait_for("wiadomo")
