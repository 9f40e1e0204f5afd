"""At rest: what a person wrote is in no file of the installation, whatever the state the server is in."""

import contextlib
import imaplib
import re
import uuid
import zlib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from skrytka.mail.delivery.types import Asked, Target, Transaction
from skrytka.mail.mailbox.names import name_mac, seal_name
from skrytka.mail.queue.kept import KeptPolicies, KeptPolicy
from skrytka.mail.queue.local import LocalQueue
from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.envelope import Recipient
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId, TraceId, UnitId, new_id
from skrytka.protocol.tlspolicy.sts import StsPolicy
from skrytka.store.commands import CreateMailbox
from skrytka.store.seal.blob import BlobWriter, MemoryBudget
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.system import SystemClock, SystemRandom
from tests.support.demo import Demo, prepared
from tests.support.faults.all_kinds import demo_with_route, file_away, list_many, send_outside, set_apart
from tests.support.faults.contents import Contents, opened
from tests.support.faults.hidden import files_below, forms, planted, search
from tests.support.faults.imap import events, until

CLOCK = SystemClock()
RANDOM = SystemRandom()

LARGE_BYTES = 600_000
SHORT_LINE = 900


def marker() -> str:
    """A text that is nowhere else; letters and digits only."""
    return "Mk" + uuid.uuid4().hex[:16]


def letter(mark: str, padding: int = 0) -> bytes:
    """A message with the mark in every place; the padding makes it a spool file."""
    message = EmailMessage()
    message["From"] = f"{mark}display <{mark}from@sender.example>"  # its domain is in the event log
    message["To"] = f"{mark}toname <alice@example.test>"
    message["Subject"] = f"About {mark}subject"
    message["Message-ID"] = f"<{mark}id@example.org>"
    message["References"] = f"<{mark}reference@example.org>"
    message["X-Custom"] = f"{mark}field"
    message.set_content(f"Dear {mark}plain\n{Random(1).randbytes(padding // 2).hex()}\n", cte="7bit")
    message.add_attachment(f"é {mark}quoted\n", cte="quoted-printable")
    message.add_attachment(f"words {mark}coded words\n", cte="base64")
    message.add_attachment(f"<p>{mark}html</p>", subtype="html")
    for content in (
        f"a {mark}wide".encode("utf-16"),
        zlib.compress(f"{mark}compressed".encode()),
        f"b {mark}".encode(),
    ):
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=f"{mark}file.bin", cte="base64"
        )
    lines = message.as_bytes().replace(b"\r\n", b"\n").split(b"\n")
    return b"\r\n".join(
        line[start : start + SHORT_LINE] for line in lines for start in range(0, max(len(line), 1), SHORT_LINE)
    )


@pytest.fixture(scope="module")
def mark() -> str:
    """The text that no file of the demo may hold."""
    return marker()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_with_route(tmp_path_factory.mktemp("rest") / "demo") as running:
        yield running


@pytest.mark.parametrize("how", planted("x"))
def test_a_text_that_is_badly_hidden_is_found(tmp_path: Path, how: str) -> None:
    text = marker()
    (tmp_path / "file").write_bytes(planted(text)[how])
    assert search([tmp_path / "file"], text)


def test_every_form_is_long_enough_to_mean_something(tmp_path: Path) -> None:
    text = marker()
    assert min(map(len, forms(text).values())) >= 16
    (tmp_path / "message").write_bytes(letter(text))
    found = search([tmp_path / "message"], text)
    assert {form.split(": ")[1].split(", ")[1] for form in found} >= {"ascii", "utf-16-le"}


def test_mail_is_hidden_while_it_comes_in(demo: Demo, mark: str) -> None:
    """A large message stops half way: its spool file is there, and says nothing."""
    content = letter(mark, LARGE_BYTES)
    client = demo.smtp()
    try:
        client.ehlo("rest.example.net")
        client.mail("sender@example.net")
        client.rcpt("alice@example.test")
        assert client.docmd("DATA")[0] == 354
        client.send(content[: -len(content) // 5])
        until(lambda: any((demo.root / "store" / "spool").iterdir()), "the spool file is there")
        assert not search(files_below(demo.root), mark)
    finally:
        client.close()


def test_mail_is_hidden_once_it_is_stored_read_and_searched(demo: Demo, mark: str) -> None:
    with demo.smtp() as client:
        client.ehlo("rest.example.net")
        for padding in (0, LARGE_BYTES):
            client.sendmail("sender@example.net", ["alice@example.test", "bob@example.test"], letter(mark, padding))
    with demo.inbox("alice") as client:
        assert client.uid("STORE", "1", "+FLAGS", f"({mark}keyword \\Flagged)")[0] == "OK"
        assert client.uid("SEARCH", "TEXT", f"{mark}searched")[0] == "OK"
        assert client.uid("SEARCH", "SUBJECT", mark)[1] != [b""]
        assert client.uid("FETCH", "1:*", "(ENVELOPE BODYSTRUCTURE BODY[])")[0] == "OK"
        client.create(f"{mark}mailbox")
        client.select(f"{mark}nothing")
    assert not search(files_below(demo.root), mark)


def test_mail_that_was_sent_refused_filed_or_set_apart_is_hidden(demo: Demo, mark: str) -> None:
    send_outside(demo, letter(mark))
    file_away(demo, mark, letter(mark))
    set_apart(demo, letter(mark))
    list_many(demo, letter(mark))
    assert not search(files_below(demo.root), mark)


def test_passwords_and_names_that_were_tried_are_hidden(demo: Demo, mark: str) -> None:
    for name in ("alice@example.test", f"{mark}name@example.test"):
        client = demo.imaps()
        with contextlib.suppress(imaplib.IMAP4.error):
            client.login(name, f"{mark}password")
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            client.logout()
    until(lambda: len(events(demo, "login_failed")) >= 2, "the event log tells of it")
    assert not search(files_below(demo.root), mark)
    assert mark not in demo.output


def test_a_password_that_an_administrator_sets_is_hidden(demo: Demo, mark: str) -> None:
    done = demo.run("account", "password", "carol@example.test", "--password-stdin", text=f"{mark}new\n")
    assert done.returncode == 0, done
    assert mark not in done.stdout + done.stderr + demo.output
    assert not search(files_below(demo.root), mark)


def test_the_demo_passwords_stand_in_its_own_list_and_nowhere_else(demo: Demo) -> None:
    files = [path for path in files_below(demo.root) if path.name != "demo.json"]
    for password in demo.facts["accounts"].values():
        assert not [path for path in files if password.encode() in path.read_bytes()]


def test_no_process_may_leave_a_core_file(demo: Demo) -> None:
    for name, pid in demo.pids().items():
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), name


def test_the_same_message_sealed_twice_shares_no_16_bytes(demo: Demo, mark: str) -> None:
    demo.run("account", "add", "dora@example.test")  # who gets nothing else
    with demo.smtp() as client:
        client.ehlo("rest.example.net")
        for padding in (0, LARGE_BYTES):
            for _ in range(2):
                client.sendmail("sender@example.net", ["dora@example.test"], letter(mark, padding))
    store = demo.root / "store"
    blobs = stored(store, "dora@example.test")
    assert len(blobs) == 4
    for one, two in (blobs[:2], blobs[2:]):
        assert abs(len(one) - len(two)) < 100
        assert not windows(one) & windows(two)
    for column in ("content.summary", "content.prefix", "content.wrapped_key", "mailbox.name"):
        assert shared_windows(column_of(store, column)) == 0, column


def shared_windows(values: list[bytes]) -> int:
    """How many runs of 16 bytes stand in two of the values."""
    sets = [windows(value) for value in values]
    return sum(map(len, sets)) - len(set().union(*sets))


def windows(data: bytes) -> set[bytes]:
    return {data[start : start + 16] for start in range(len(data) - 15)}


def stored(store: Path, address: str) -> list[bytes]:
    """The sealed blobs of an account's messages, in the order of their UIDs."""
    sql = (
        "SELECT b.blob_id, b.stored FROM message m JOIN account a USING (account) JOIN content c USING (account,"
        " email_id) JOIN blob b USING (blob_id) WHERE a.address = ? ORDER BY m.uid"
    )
    with contextlib.closing(apsw.Connection(str(store / "mail.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        rows: Any = list(db.execute(sql, (address,)))
    return [row or (store / "blobs" / f"{key[-1]:02x}" / key.hex()).read_bytes() for key, row in rows]


def column_of(store: Path, name: str) -> list[bytes]:
    """Records of one kind and, in part, of the same plain text."""
    table, _, column = name.partition(".")
    with contextlib.closing(apsw.Connection(str(store / "mail.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        rows: Any = list(db.execute(f"SELECT {column} FROM {table}"))
    return [value for (value,) in rows]


async def test_the_queue_and_names_of_mailboxes_are_hidden(tmp_path: Path, mark: str) -> None:
    prepared(tmp_path / "demo")
    with opened(tmp_path / "demo") as contents:
        keys = LocalKeySource(contents.ring, RANDOM)
        alice = AccountId(1)
        account = await keys.account(alice)
        await contents.store.submit(
            CreateMailbox(
                unit=UnitId(new_id(CLOCK, RANDOM)),
                account=alice,
                name_mac=name_mac(account, f"{mark}mailbox"),
                name=seal_name(account, f"{mark}mailbox"),
            )
        )
        for padding in (0, LARGE_BYTES):
            await enqueue(contents, keys, mark, letter(mark, padding))
        assert not search(files_below(contents.root), mark)
    assert not search(files_below(tmp_path / "demo"), mark)


async def enqueue(contents: Contents, keys: LocalKeySource, mark: str, content: bytes) -> None:
    """As a front does when the mailbox cannot be written now; and the policy of a domain that mail goes to."""
    writer = BlobWriter(contents.store.reader.paths.spool, CLOCK, RANDOM, MemoryBudget())
    await writer.write(content)
    blob = await writer.finish()
    facts = Transaction(
        trace=TraceId(new_id(CLOCK, RANDOM)),
        received_at_ms=CLOCK.now_ms(),
        reverse_path=ReversePath(Address.parse(f"{mark}@example.net")),
        remote="192.0.2.1",
        helo=Domain.parse(f"{mark}.example.net"),
        envid=mark,
    )
    queue = LocalQueue(contents.store, keys, CLOCK, RANDOM)
    recipient = Address.parse(f"alice+{mark}@example.test")
    unit = UnitId(new_id(CLOCK, RANDOM))
    target = Target(AccountId(1), recipient)
    asked = {target.account: (Asked(Recipient(recipient, original=f"rfc822;{mark}@example.org")),)}
    await queue.enqueue(facts, [(recipient, target)], blob, unit, TransientError(Reason.STORE_BUSY), asked)
    policy = StsPolicy("enforce", (f"mx.{mark}.example.org",), 86_400)
    now_ms = CLOCK.now_ms()
    await KeptPolicies(contents.store, keys, CLOCK, RANDOM).put(
        KeptPolicy(domain=f"{mark}.example.org", id="1", policy=policy, fetched_at_ms=now_ms, used_at_ms=now_ms)
    )
