"""imap-tools (PyPI) does the work of a day against the demo."""

import threading
from collections.abc import Iterator

import pytest
from imap_tools.mailbox import MailBox
from imap_tools.message import MailMessage
from imap_tools.query import AND, OR

from tests.support.demo import Demo

FOLDER = "Ważne/Święta i żniwa"
TEXT = "Zażółć gęślą jaźń"
ATTACHMENT = bytes(range(256)) * 8_000
IDLE_S = 30


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture
def mailbox(demo: Demo) -> Iterator[MailBox]:
    box = MailBox("localhost", demo.port("imaps"), timeout=30, ssl_context=demo.tls())
    with box.login("carol@example.test", demo.password("carol")) as ready:
        yield ready


def letter(number: int) -> bytes:
    head = f"From: Ewa <ewa@example.test>\r\nSubject: =?utf-8?q?=C5=BB=C3=B3=C5=82w_{number}?=\r\n"
    return (
        f"{head}To: carol@example.test\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT} {number}\r\n".encode()
    )


def parcel() -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"] = "parcel"
    message.set_content(TEXT)
    message.add_attachment(ATTACHMENT, maintype="application", subtype="x-parcel", filename="łódź.bin")
    return message.as_bytes().replace(b"\n", b"\r\n")


def subjects(found: Iterator[MailMessage]) -> list[str]:
    return [message.subject for message in found]


def test_folders_with_polish_names(mailbox: MailBox) -> None:
    assert not mailbox.folder.exists(FOLDER)
    mailbox.folder.create(FOLDER)
    mailbox.folder.subscribe(FOLDER, True)
    assert FOLDER in [folder.name for folder in mailbox.folder.list("", "*", subscribed_only=True)]
    assert mailbox.folder.status(FOLDER)["MESSAGES"] == 0
    mailbox.folder.rename(FOLDER, "Ważne/Zima")
    assert not mailbox.folder.exists(FOLDER)
    mailbox.folder.delete("Ważne/Zima")
    assert not any("Zima" in folder.name for folder in mailbox.folder.list())


def test_letters_are_found_flagged_copied_moved_and_deleted(mailbox: MailBox) -> None:
    mailbox.folder.create("Listy")
    mailbox.folder.set("Listy")
    for number in range(5):
        mailbox.append(letter(number), "Listy", flag_set=["\\Seen", "$praca"] if number == 0 else [])
    mailbox.folder.set("Listy")
    assert subjects(mailbox.fetch(mark_seen=False)) == [f"Żółw {number}" for number in range(5)]
    assert subjects(mailbox.fetch(AND(seen=True), mark_seen=False)) == ["Żółw 0"]
    assert mailbox.uids(AND(keyword="$praca")) == ["1"]
    assert mailbox.uids(AND(text="gesla jazn 3"), charset="UTF-8") == ["4"]
    assert mailbox.uids(OR(subject="ŻÓŁW 1", body="JAŹŃ 4"), charset="UTF-8") == ["2", "5"]
    assert mailbox.numbers(AND(from_="ewa@")) == ["1", "2", "3", "4", "5"]
    assert next(iter(mailbox.fetch(AND(uid="3"), mark_seen=True))).text.strip() == f"{TEXT} 2"
    mailbox.flag(["4", "5"], ["\\Flagged"], True)
    mailbox.flag("5", ["\\Flagged"], False)
    assert mailbox.uids(AND(flagged=True)) == ["4"]
    mailbox.copy(["1", "2"], "Archive")
    mailbox.move("3", "Trash")
    mailbox.delete("4")
    assert mailbox.uids() == ["1", "2", "5"]
    counts = {name: mailbox.folder.status(name)["MESSAGES"] for name in ("Archive", "Trash")}
    assert counts == {"Archive": 2, "Trash": 1}
    mailbox.folder.set("Trash")
    assert [message.flags for message in mailbox.fetch(mark_seen=False)] == [("\\Seen", "\\Recent")]


def test_a_large_attachment_comes_back_as_it_was(mailbox: MailBox) -> None:
    mailbox.append(parcel(), "Drafts")
    mailbox.folder.set("Drafts")
    (found,) = mailbox.fetch(reverse=True, limit=1, bulk=True)
    assert [(part.filename, part.payload) for part in found.attachments] == [("łódź.bin", ATTACHMENT)]
    assert found.size_rfc822 == len(parcel())


def test_an_idle_client_hears_of_new_mail(demo: Demo, mailbox: MailBox) -> None:
    with mailbox.idle as idle:
        threading.Timer(0.1, demo.send, ("carol@example.test", b"Subject: news\r\n\r\nnew\r\n")).start()
        heard = idle.poll(timeout=IDLE_S)
    assert any(line.endswith(b"EXISTS") for line in heard)
    assert subjects(mailbox.fetch(AND(subject="news"))) == ["news"]
