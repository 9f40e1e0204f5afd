"""Mail from the senders of this world on port 25, read back over IMAPS: not an octet of it may differ."""

import contextlib
import hashlib
import os
import random
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.needs import SYSTEM_PATH
from tests.support.ports import free_block
from tests.support.postfix import PostfixRelay

SENDER = "someone@example.net"
HEADER = "From: Someone <someone@example.net>\r\nTo: <%s@example.test>\r\nSubject: %s\r\n\r\n"
OVER_ONE_SEGMENT = 600_000  # two boundaries of the sealed segments
LARGE = 20_000_000
PER_ADDRESS = 5
SCREEN_S = 20


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


def message(recipient: str, subject: str, size: int = 200, *, text: str = "") -> bytes:
    """Lines of random length and content with what tempts a careless receiver: dots, "From ", blank and long lines."""
    source = random.Random(subject)
    lines = [".", "..", ".x", "From here", "", " ", "\t.", "x" * 998, text]
    total = 0
    while total < size:
        line = source.randbytes(source.randint(0, 38)).hex()
        total += len(line) + 2
        lines.append(line)
    return (HEADER % (recipient, subject) + "\r\n".join(lines) + "\r\n").encode()


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def after_ours(raw: bytes) -> bytes:
    """Without the lines that delivery put in front."""
    return raw[raw.index(b"From: Someone") :]


def received(demo: Demo, name: str, subject: str) -> bytes:
    """The one message with that subject, by Python's imaplib."""
    with demo.inbox(name) as client:
        _status, found = client.uid("SEARCH", "SUBJECT", f'"{subject}"')
        (uid,) = found[0].split()
        _status, data = client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
        raw: bytes = data[0][1]
        return raw


def run(*command: str) -> str:
    done = subprocess.run(
        command, env=os.environ | {"PATH": SYSTEM_PATH}, capture_output=True, timeout=110, check=False
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, output[-4000:]
    return output


def swaks(demo: Demo, raw: bytes, folder: Path, *arguments: str, to: str = "alice@example.test") -> str:
    """One message by swaks, which stuffs its dots and wants the line ends of Unix."""
    (folder / "mail").write_bytes(raw.replace(b"\r\n", b"\n"))
    where = ("--server", "127.0.0.1", "--port", str(demo.port("smtp")), "--helo", "mail.example.net")
    quiet = ("--suppress-data", "--data", f"@{folder / 'mail'}")
    return run("swaks", *where, *quiet, "--from", SENDER, "--to", to, *arguments)


# -- swaks ----------------------------------------------------------------------------------------------------------


@pytest.mark.needs("swaks", "libnet-ssleay-perl")
@pytest.mark.parametrize(
    ("subject", "size", "arguments"),
    [
        ("swaks in clear", 200, ()),
        ("swaks with pipelining", 200, ("--pipeline",)),
        ("swaks and TLS", 200, ("--tls",)),
        ("swaks and a segment more", OVER_ONE_SEGMENT, ("--tls",)),
        ("swaks and twenty megabytes", LARGE, ("--tls",)),
    ],
)
def test_what_swaks_sends_arrives(demo: Demo, tmp_path: Path, subject: str, size: int, arguments: tuple[str]) -> None:
    raw = message("alice", subject, size, text="zażółć gęślą jaźń")
    verify = ("--tls-verify", "--tls-ca-path", demo.facts["ca"]) if "--tls" in arguments else ()
    output = swaks(demo, raw, tmp_path, *arguments, *verify)
    found = received(demo, "alice", subject)
    assert digest(after_ours(found)) == digest(raw + b"\r\n")  # swaks ends what it is given with an empty line
    assert (b"with ESMTPS" in found) == ("--tls" in arguments)
    assert "<** " not in output
    assert "<~* " not in output


@pytest.mark.needs("swaks")
def test_one_message_for_all_lies_in_each_inbox_and_names_no_other(demo: Demo, tmp_path: Path) -> None:
    names = ("alice", "bob", "carol")
    raw = message("alice", "for all")
    swaks(demo, raw, tmp_path, to=",".join(f"{name}@example.test" for name in names))
    for name in names:
        found = received(demo, name, "for all")
        prefix = found[: found.index(b"From: Someone")]
        assert prefix.startswith(f"Return-Path: <{SENDER}>\r\nDelivered-To: {name}@example.test\r\n".encode())
        assert not [other for other in names if other != name and other.encode() in prefix]


@pytest.mark.needs("swaks")
def test_an_attachment_made_by_swaks_comes_out_as_it_went_in(demo: Demo, tmp_path: Path) -> None:
    import email
    from email.message import Message

    data = random.Random(1).randbytes(400_000)
    (tmp_path / "data").write_bytes(data)
    port = str(demo.port("smtp"))
    attachment = ("--attach-type", "application/zip", "--attach-name", "a.zip", "--attach", f"@{tmp_path / 'data'}")
    subject = ("--header", "Subject: attached", "--header", "From: Someone <someone@example.net>")
    run("swaks", "-s", "127.0.0.1", "-p", port, "-f", SENDER, "-t", "bob@example.test", *subject, *attachment)
    parts = email.message_from_bytes(received(demo, "bob", "attached")).get_payload()
    assert isinstance(parts, list)
    assert isinstance(parts[-1], Message)
    assert parts[-1].get_payload(decode=True) == data


@pytest.mark.needs("swaks")
def test_a_bounce_has_no_reverse_path(demo: Demo, tmp_path: Path) -> None:
    swaks(demo, message("alice", "undeliverable"), tmp_path, "--from", "<>")
    assert received(demo, "alice", "undeliverable").startswith(b"Return-Path: <>\r\n")


@pytest.mark.needs("swaks")
def test_an_address_beyond_ascii_without_smtputf8_is_refused(demo: Demo, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"550 5\.6\.7"):
        swaks(demo, message("alice", "no utf8"), tmp_path, "--from", "józef@example.net")


# -- curl and smtplib -----------------------------------------------------------------------------------------------


@pytest.mark.needs("curl")
@pytest.mark.parametrize("has_tls", [False, True])
def test_what_curl_sends_arrives(demo: Demo, tmp_path: Path, has_tls: bool) -> None:
    subject = f"by curl {has_tls}"
    raw = message("carol", subject, OVER_ONE_SEGMENT, text="zażółć")
    (tmp_path / "mail").write_bytes(raw)
    tls = ("--ssl-reqd", "--cacert", demo.facts["ca"]) if has_tls else ()
    who = ("--mail-from", "józef@example.net", "--mail-rcpt", "carol@example.test")
    run("curl", "-sS", f"smtp://localhost:{demo.port('smtp')}/example.net", *tls, *who, "-T", str(tmp_path / "mail"))
    found = received(demo, "carol", subject)
    assert digest(after_ours(found)) == digest(raw)
    assert found.startswith("Return-Path: <józef@example.net>\r\n".encode())
    assert (b"with UTF8SMTPS" if has_tls else b"with UTF8SMTP ") in found  # RFC 6531 4.3


def test_what_smtplib_sends_arrives(demo: Demo) -> None:
    raws = [message("bob", f"by smtplib {number}", 20_000 * number) for number in range(1, 6)]
    with demo.smtp() as session:
        session.starttls(context=demo.tls())
        for raw in raws:  # in one session
            session.sendmail(SENDER, ["bob@example.test"], raw, ["body=8bitmime"])
    for number, raw in enumerate(raws, 1):
        assert digest(after_ours(received(demo, "bob", f"by smtplib {number}"))) == digest(raw)


def test_a_message_over_the_announced_size_is_refused_at_mail_and_at_its_end(demo: Demo) -> None:
    with demo.smtp() as session:
        session.ehlo("example.net")
        limit = int(session.esmtp_features["size"])
        assert session.docmd("MAIL", f"FROM:<{SENDER}> SIZE={limit + 1}")[0] == 552
        assert session.mail(SENDER, [f"SIZE={limit}"])[0] == 250


# -- a relaying MTA -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postfix(demo: Demo) -> Iterator[PostfixRelay]:
    with PostfixRelay(port=free_block(), target=demo.port("smtp"), authority=demo.facts["ca"]) as relay:
        yield relay


@pytest.mark.needs("root", "postfix")
def test_a_burst_through_postfix_arrives_over_verified_tls(demo: Demo, postfix: PostfixRelay) -> None:
    load = ("smtp-source", "-s", "10", "-m", "100", "-l", "5000", "-f", SENDER, "-t", "carol@example.test")
    before = count(demo, "carol")
    postfix.run(*load, f"127.0.0.1:{postfix.port}")
    postfix.wait_until_empty(60)
    assert count(demo, "carol") == before + 100
    assert "status=deferred" not in postfix.log
    assert "status=bounced" not in postfix.log
    assert "Verified TLS connection established" in postfix.log


def count(demo: Demo, name: str) -> int:
    with demo.inbox(name) as client:
        return int(client.select("INBOX")[1][0] or b"0")


@pytest.mark.needs("root", "postfix")
def test_what_a_program_gives_to_postfix_arrives(demo: Demo, postfix: PostfixRelay) -> None:
    raws = {subject: message("bob", subject, size) for subject, size in (("little", 100), ("more", OVER_ONE_SEGMENT))}
    for raw in raws.values():
        postfix.sendmail("-i", "-f", SENDER, "bob@example.test", message=raw.replace(b"\r\n", b"\n"))
    postfix.wait_until_empty(60)
    for subject, raw in raws.items():
        body = received(demo, "bob", subject).partition(b"\r\nSubject: ")[2].partition(b"\r\n\r\n")[2]
        assert digest(body) == digest(raw.partition(b"\r\n\r\n")[2])  # Postfix adds Message-Id and Date to the header


@pytest.mark.needs("root", "postfix")
def test_postfix_tells_its_sender_of_an_unknown_recipient(demo: Demo, postfix: PostfixRelay) -> None:
    postfix.sendmail("-i", "-f", "alice@example.test", "nobody@example.test", message=b"Subject: lost\n\nbody\n")
    postfix.wait_until_empty(60)  # its bounce, from the null reverse path, is for alice
    raw = received(demo, "alice", "Undelivered Mail Returned to Sender")
    assert raw.startswith(b"Return-Path: <>\r\n")
    assert b"550 5.1.1" in raw


# -- strangers ------------------------------------------------------------------------------------------------------


def test_a_stranger_may_not_hold_as_many_connections_as_the_exempt(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo") as demo:
        settings = demo.root / "skrytka.toml"
    settings.write_text(settings.read_text() + f"\n[connections]\nper_address = {PER_ADDRESS}\n")
    with Demo(tmp_path / "demo") as demo, contextlib.ExitStack() as stack:
        for _ in range(3 * PER_ADDRESS):
            assert greeting(demo, "127.0.0.1", stack) == b"220"
        strangers = [greeting(demo, "127.0.0.2", stack) for _ in range(PER_ADDRESS + 3)]
        assert strangers == [b"220"] * PER_ADDRESS + [b"421"] * 3
        assert greeting(demo, "127.0.0.3", stack) == b"220"  # another stranger has his own


def greeting(demo: Demo, source: str, stack: contextlib.ExitStack) -> bytes:
    target = ("127.0.0.1", demo.port("smtp"))
    sock = stack.enter_context(socket.create_connection(target, 10, source_address=(source, 0)))
    return sock.recv(3, socket.MSG_WAITALL)


def test_a_stranger_is_cut_after_too_many_errors(demo: Demo) -> None:
    with socket.create_connection(("127.0.0.1", demo.port("smtp")), 20, source_address=("127.0.0.4", 0)) as sock:
        lines = sock.makefile("rb")
        lines.readline()
        replies: list[bytes] = []
        while not replies or replies[-1]:
            sock.sendall(b"NONSENSE\r\n")
            replies.append(lines.readline()[:3])
        assert len(replies) < 50
        assert replies[-2] == b"421"


# -- readers --------------------------------------------------------------------------------------------------------


@pytest.mark.needs("curl")
def test_curl_reads_over_imaps_what_was_sent(demo: Demo, tmp_path: Path) -> None:
    raw = message("alice", "read by curl", OVER_ONE_SEGMENT)
    demo.send("alice@example.test", raw)
    with demo.inbox("alice") as client:
        uid = client.uid("SEARCH", "SUBJECT", '"read by curl"')[1][0].decode()
    url = f"imaps://localhost:{demo.port('imaps')}/INBOX"
    login = ("--cacert", demo.facts["ca"], "--user", f"alice@example.test:{demo.password('alice')}")
    run("curl", "-sS", f"{url};UID={uid}", *login, "-o", str(tmp_path / "found"))
    assert digest(after_ours((tmp_path / "found").read_bytes())) == digest(raw)
    run("curl", "-sS", f"{url};UID={uid};SECTION=TEXT", *login, "-o", str(tmp_path / "text"))
    assert digest((tmp_path / "text").read_bytes()) == digest(raw.partition(b"\r\n\r\n")[2])


MUTT = """\
set folder="imaps://localhost:{port}" spoolfile="imaps://localhost:{port}/INBOX"
set imap_user="alice@example.test" imap_pass="{password}"
set ssl_ca_certificates_file="{ca}"
set mbox_type=Maildir confirmcreate=no confirmappend=no delete=no quit=yes sleep_time=0 wait_key=no timeout=1
set header_cache="" message_cachedir=""
push "<tag-pattern>~s{subject}<enter><tag-prefix><copy-message>{copy}<enter><quit>"
"""


@pytest.mark.needs("mutt")
def test_mutt_reads_over_imaps_what_was_sent(demo: Demo, tmp_path: Path) -> None:
    raws = [message("alice", f"readbymutt {number}", size) for number, size in enumerate((100, OVER_ONE_SEGMENT))]
    for raw in raws:
        demo.send("alice@example.test", raw)
    (tmp_path / "rc").write_text(
        MUTT.format(
            port=demo.port("imaps"),
            password=demo.password("alice"),
            ca=demo.facts["ca"],
            subject="readbymutt",
            copy=tmp_path / "copy",
        )
    )
    on_a_terminal("mutt", "-n", "-F", str(tmp_path / "rc"), home=tmp_path)
    found = {digest(path.read_bytes().partition(b"\n\n")[2]) for path in (tmp_path / "copy").glob("*/*")}
    assert found == {digest(raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]) for raw in raws}  # its header is mutt's


def on_a_terminal(*command: str, home: Path) -> None:
    """A program that wants a screen; what it draws nobody sees but in a failure."""
    leader, follower = os.openpty()
    process = subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=os.environ | {"TERM": "vt100", "HOME": str(home)},
        start_new_session=True,
    )
    os.close(follower)
    drawn, end = b"", time.monotonic() + SCREEN_S
    try:
        with contextlib.suppress(OSError):  # EIO: it has ended
            while select.select([leader], [], [], max(0, end - time.monotonic()))[0]:
                drawn += os.read(leader, 65536)
        assert time.monotonic() < end, drawn[-2000:]
        assert process.wait(SCREEN_S) == 0, drawn[-2000:]
    finally:
        process.kill()
        process.wait()
        os.close(leader)
