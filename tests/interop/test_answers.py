"""neomutt, alone and with msmtp: mail from outside is read over IMAPS, answered there and forwarded to a colleague.

What is outside is Debian's Postfix, which sends and takes mail for peer.test.
"""

import shutil
import smtplib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from skrytka.daemon.demo import STANDARD_PORTS
from tests.support.demo import Demo, prepared
from tests.support.ports import free_base
from tests.support.postfix import PostfixPeer
from tests.support.screen import Screen

UNTIL_S = 90.0
BODY = "Zażółć gęślą jaźń"
ROUTE = """
[outbound]
retry_s = [1]

[[outbound.routes]]
domain = "peer.test"
host = "127.0.0.1"
port = {peer}
"""
RC = """
set folder="imaps://localhost:{imaps}/" spoolfile="+INBOX" record="+Sent" postponed="+Drafts"
set imap_user="alice@example.test" imap_pass="{password}" from="alice@example.test" realname="Alicja"
set certificate_file="{ca}" ssl_ca_certificates_file="{ca}" ssl_starttls=no {sending}
set charset="utf-8" send_charset="utf-8" use_envelope_from=yes
set editor="{editor}" edit_headers=no autoedit=yes fast_reply=yes include=no abort_nosubject=no mime_forward=no
set confirmappend=no move=no quit=yes header_cache="" message_cachedir="" wait_key=no beep=no mail_check=1 timeout=1
set index_format="%2C %-20.20L %s" sort=mailbox-order
"""
MSMTP = """
account default
host localhost
port {submission}
from alice@example.test
auth on
user alice@example.test
password {password}
tls on
tls_starttls on
tls_trust_file {ca}
dsn_notify success,failure
"""


class Net(NamedTuple):
    """The server and what is outside."""

    demo: Demo
    postfix: PostfixPeer


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    root = Path("/tmp") / f"skrytka-answers-{time.monotonic_ns()}"  # Postfix wants a path that others may enter
    peer = free_base([*STANDARD_PORTS.values(), 2525]) + 2525
    folder = tmp_path_factory.mktemp("answers") / "demo"
    prepared(folder)
    with (folder / "skrytka.toml").open("a") as config:
        config.write(ROUTE.format(peer=peer))
    with ExitStack() as stack:
        demo = stack.enter_context(Demo(folder))
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        yield Net(demo, stack.enter_context(PostfixPeer(root, peer, route=demo.port("smtp"))))


def settings(net: Net, tmp_path: Path, how: str) -> Path:
    """The rc file; mail leaves by neomutt itself on 465, or by msmtp on 587."""
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nprintf "Dziękuję!\\n" >> "$1"\n')
    editor.chmod(0o755)
    ports = {name: net.demo.port(name) for name in ("imaps", "submission", "submissions")}
    facts = ports | {"password": net.demo.password("alice"), "ca": net.demo.facts["ca"], "editor": editor}
    if how == "msmtp":
        msmtprc = tmp_path / "msmtprc"
        msmtprc.write_text(MSMTP.format(**facts))
        msmtprc.chmod(0o600)
        sending = f'sendmail="msmtp -C {msmtprc}"'
    else:
        user = f"alice%40example.test@localhost:{net.demo.port('submissions')}"
        sending = f'smtp_url="smtps://{user}/" smtp_pass="{net.demo.password("alice")}"'
    rc = tmp_path / "neomuttrc"
    rc.write_text(RC.format(sending=sending, **facts))
    return rc


def until(found: Callable[[], list[bytes]], what: str) -> bytes:
    """The one message that comes."""
    end = time.monotonic() + UNTIL_S
    while not (messages := found()):
        assert time.monotonic() < end, what
        time.sleep(0.3)
    assert len(messages) == 1
    return messages[0]


@pytest.mark.needs("neomutt", "tmux", "libsasl2-modules", "postfix", "msmtp", "root")
@pytest.mark.parametrize("how", ["neomutt", "msmtp"])
def test_mail_from_outside_is_answered_there_and_forwarded_here(net: Net, tmp_path: Path, how: str) -> None:
    subject = f"{how}-{time.monotonic_ns()}"
    with smtplib.SMTP("127.0.0.1", net.postfix.port, timeout=60) as client:
        letter = (
            f"From: Carol <carol@peer.test>\r\nTo: alice@example.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
            f"Message-ID: <{subject}@peer.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{BODY}\r\n"
        )
        client.sendmail("carol@peer.test", ["alice@example.test"], letter.encode())
    until(lambda: having(net.demo.messages("alice"), subject, BODY), "alice has the letter")
    program = [shutil.which("neomutt") or "neomutt", "-n", "-F", str(settings(net, tmp_path, how))]
    screen = Screen(tmp_path, program, {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TERM": "screen"})
    try:
        screen.wait_for(subject)
        screen.type("/", subject, "Enter", "Enter")
        screen.wait_for(BODY)
        screen.type("r")
        screen.wait_for("y:Send", f"Re: {subject}")
        screen.type("y")
        answer = until(lambda: having(net.postfix.messages(), f"Re: {subject}"), "carol has an answer")
        screen.wait_for(BODY)
        screen.type("f")
        screen.wait_for("To:")
        screen.type("bob@example.test", "Enter")
        screen.wait_for("y:Send", "bob@example.test")
        screen.type("y")
        forwarded = until(lambda: having(net.demo.messages("bob"), subject), "bob has the letter")
    finally:
        screen.close()
    assert b"From: Alicja <alice@example.test>" in answer
    assert f"In-Reply-To: <{subject}@peer.test>".encode() in answer
    assert b"\nReceived: by mail.example.test with ESMTPSA " in answer
    assert b"127.0.0.1" not in answer.split(b"\nReceived: by mail.example.test")[1].split(b"\n\n")[0]
    assert b"Return-Path: <alice@example.test>" in forwarded
    if how == "msmtp":  # it asked for confirmations
        heard = until(
            lambda: having(net.demo.messages("alice"), "Action: delivered", "Final-Recipient: rfc822; bob@"), "here"
        )
        assert b"Reporting-MTA: dns; mail.example.test" in heard
        wanted = ("Action: delivered", "Final-Recipient: rfc822; carol@peer.test")
        there = until(lambda: having(net.demo.messages("alice"), *wanted), "there")
        assert b"Reporting-MTA: dns; mail.peer.test" in there


def having(messages: list[bytes], *texts: str) -> list[bytes]:
    return [each for each in messages if all(text.encode() in each for text in texts)]
