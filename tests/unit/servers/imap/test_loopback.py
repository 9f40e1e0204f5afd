"""The whole way: real clients over TLS to a real store with real sealed mail, on loopback."""

import asyncio
import imaplib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import imapclient
import pytest

from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.model.events import MessageCorrupt
from skrytka.model.limits import ImapLimits
from skrytka.model.secret import Secret
from skrytka.model.settings import Login
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap
from tests.support.sasl import NoSessions
from tests.unit.mail.world import PASSWORD
from tests.unit.mail.world import World as MailWorld
from tests.unit.net.harness import World as NetWorld
from tests.unit.net.harness import client_context, make_store, serving
from tests.unit.servers.imap.messages import INNER, NESTED, PLAIN

NAME = "alice@example.test"


class Served:
    def __init__(self, mail: MailWorld, net: NetWorld) -> None:
        self.mail = mail
        self.net = net

    async def imaplib(self) -> imaplib.IMAP4_SSL:
        return await asyncio.to_thread(
            imaplib.IMAP4_SSL, "127.0.0.1", self.net.port, ssl_context=client_context(), timeout=10
        )

    async def client(self) -> imapclient.IMAPClient:
        found = await asyncio.to_thread(
            imapclient.IMAPClient, "127.0.0.1", self.net.port, ssl_context=client_context(), timeout=10
        )
        await asyncio.to_thread(found.login, NAME, PASSWORD.reveal().decode())
        return found


def identity(mail: MailWorld) -> Identity:
    return Identity(
        StoredCredentials(mail.store, mail.clock, mail.random),
        mail.passwords,
        RecentLogins(mail.clock, mail.random),
        Gate(LocalLimits(LimitTable(mail.clock)), Login(), mail.events, Secret(b"n" * 32)),
        mail.clock,
    )


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    mail = MailWorld(tmp_path / "mail")
    await mail.ready()
    deps = ImapDeps(
        sessions=NoSessions(),
        random=mail.random,
        identity=identity(mail),
        mailboxes=mail.shared,
        appends=mail.shared_appends,
        inspector=mail.inspector,
        events=mail.events,
        clock=mail.clock,
        limits=ImapLimits(),
        hostname="mail.example.test",
    )
    async with serving(lambda conn: serve_imap(conn, deps), tls=make_store(tmp_path), is_implicit_tls=True) as net:
        yield Served(mail, net)
    await mail.close()


async def test_imaplib_reads_what_was_delivered(served: Served) -> None:
    await served.mail.deliver(PLAIN)
    await served.mail.deliver(NESTED)
    client = await served.imaplib()

    def use() -> dict[str, Any]:
        found: dict[str, Any] = {}
        client.login(NAME, PASSWORD.reveal().decode())
        found["select"] = client.select("INBOX")
        found["seen before"] = client.search(None, "SEEN")
        found["body"] = client.fetch("1", "(RFC822)")
        found["parts"] = client.uid("FETCH", "2", "(BODY.PEEK[2.HEADER] BINARY.PEEK[1] BODY.PEEK[2])")
        found["seen"] = client.search(None, "SEEN")
        found["from"] = client.uid("SEARCH", "FROM", "alice")
        found["text"] = client.search("UTF-8", "TEXT", '"inner text"')
        found["recent"] = client.search(None, "RECENT"), client.response("RECENT")[1], client.search(None, "NEW")
        found["store"] = client.store("2", "+FLAGS", "(\\Deleted $Junk)")
        found["expunge"] = client.expunge()
        found["status"] = client.status("INBOX", "(MESSAGES UIDNEXT)")
        found["list"] = client.list()
        client.logout()
        return found

    found = await asyncio.to_thread(use)
    assert found["select"] == ("OK", [b"2"])
    assert found["seen before"] == ("OK", [b""])
    raw = (await served.mail.inbox())[0]
    assert found["body"][1][0][1] == raw
    assert raw.endswith(PLAIN)
    header, binary, inner = (part[1] for part in found["parts"][1] if isinstance(part, tuple))
    assert header == INNER[: INNER.index(b"inner text")]
    assert binary == "łódź".encode()
    assert inner == INNER
    assert found["seen"] == found["from"] == ("OK", [b"1"])
    assert found["text"] == ("OK", [b"2"])
    assert found["recent"] == (("OK", [b"1 2"]), [b"2"], ("OK", [b"2"]))
    assert found["store"] == ("OK", [b"2 (FLAGS (\\Deleted \\Recent $Junk))"])
    assert found["expunge"] == ("OK", [b"2"])
    assert found["status"] == ("OK", [b"INBOX (MESSAGES 1 UIDNEXT 3)"])
    assert any(line.endswith(b'"/" INBOX') for line in found["list"][1])


async def test_summaries_agree_with_the_message(served: Served) -> None:
    await served.mail.deliver(PLAIN)
    await served.mail.deliver(NESTED)
    client = await served.client()

    def use() -> dict[int, dict[bytes, Any]]:
        client.select_folder("INBOX")
        items = [
            "ENVELOPE",
            "BODYSTRUCTURE",
            "RFC822.SIZE",
            "BODY.PEEK[]",
            "BODY.PEEK[HEADER.FIELDS (SUBJECT)]",
            "FLAGS",
        ]
        found = client.fetch([1, 2], items)
        client.logout()
        return dict(found)

    found = await asyncio.to_thread(use)
    assert found[1][b"ENVELOPE"].from_[0].mailbox == b"alice"
    assert found[1][b"ENVELOPE"].message_id == b"<1@example.test>"
    assert found[1][b"RFC822.SIZE"] == len(found[1][b"BODY[]"])
    assert found[2][b"BODY[HEADER.FIELDS (SUBJECT)]"] == b"Subject: outer\r\n\r\n"
    assert found[2][b"BODYSTRUCTURE"].is_multipart
    assert len(found[2][b"BODYSTRUCTURE"][0]) == 3


async def test_idle_hears_of_new_mail(served: Served) -> None:
    client = await served.client()
    await asyncio.to_thread(client.select_folder, "INBOX")
    await asyncio.to_thread(client.idle)
    await served.mail.deliver(PLAIN)
    assert await asyncio.to_thread(client.idle_check, 10) == [(1, b"EXISTS"), (1, b"RECENT")]
    await asyncio.to_thread(client.idle_done)
    await asyncio.to_thread(client.logout)


async def test_a_large_message_arrives_whole(served: Served) -> None:
    raw = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 100_000
    await served.mail.deliver(raw)
    client = await served.client()

    def use() -> bytes:
        client.select_folder("INBOX", readonly=True)
        found = client.fetch([1], ["BODY[]"])[1][b"BODY[]"]
        client.logout()
        return bytes(found)

    found = await asyncio.to_thread(use)
    assert found.endswith(raw)
    assert len(found) > len(raw)


async def test_wrong_passwords_are_refused_alike(served: Served) -> None:
    client = await served.imaplib()

    def use() -> list[str]:
        texts = []
        for name, password in ((NAME, "wrong"), ("nobody@example.test", "wrong")):
            with pytest.raises(imaplib.IMAP4.error) as caught:
                client.login(name, password)
            texts.append(str(caught.value))
        client.shutdown()
        return texts

    texts = await asyncio.to_thread(use)
    assert texts[0] == texts[1]
    assert "AUTHENTICATIONFAILED" in texts[0]


async def test_a_corrupt_message_is_reported_and_the_rest_served(served: Served) -> None:
    for _ in range(3):
        await served.mail.deliver(PLAIN)
    damaged = apsw.Connection(str(served.mail.root / "mail.sqlite"))
    damaged.execute("UPDATE blob SET stored = zeroblob(length(stored)) WHERE rowid = (SELECT rowid FROM blob LIMIT 1)")
    damaged.close()
    client = await served.imaplib()

    def use() -> tuple[str, list[Any]]:
        client.login(NAME, PASSWORD.reveal().decode())
        client.select("INBOX", readonly=True)
        answer, _text = client.fetch("1:3", "(UID BODY.PEEK[TEXT])")
        parts = client.response("FETCH")[1]
        client.logout()
        return answer, [part[1] for part in parts if isinstance(part, tuple)]

    answer, bodies = await asyncio.to_thread(use)
    assert answer == "NO"
    assert bodies == [b"Hello body\r\n"] * 2
    corrupt = [event for event in served.mail.events.events if isinstance(event, MessageCorrupt)]
    assert len(corrupt) == 1
