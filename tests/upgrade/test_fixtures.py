"""The folder of every earlier state, opened by today's code: mail, flags, UIDs, keys and events are all there."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skrytka.daemon import installation
from skrytka.daemon.layout import Layout
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import recover
from skrytka.store.system import SystemClock
from tests.support.production import Installation, contents, listen_on_loopback, quarantined

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.tar.xz"))
MAX_BYTES = 400_000
FIRST = "eva@example.org"


@pytest.fixture(scope="module", params=FIXTURES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A copy of the fixture, served by the code of today."""
    folder = tmp_path_factory.mktemp("upgrade")
    with tarfile.open(request.param) as archive:
        # Debian 12's Python 3.11.2 knows no filters yet; the archives are our own
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    root = folder / "installation"
    old = Installation(root)
    listen_on_loopback(old.root)
    installation.write_certificate(Layout(root), "Today", ("localhost",), SystemClock())  # that of then has expired
    with old:
        yield old


def manifest(opened: Installation) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((opened.root.parent / "manifest.json").read_text())
    return facts


def test_there_is_a_fixture_and_each_is_small() -> None:
    assert FIXTURES
    assert not [path.name for path in FIXTURES if path.stat().st_size > MAX_BYTES]


def test_everything_that_clients_saw_is_there(opened: Installation) -> None:
    facts = manifest(opened)
    assert contents(opened, facts["contents"], facts["password"]) == facts["contents"]


def test_the_store_has_no_difference_and_the_events_verify(opened: Installation) -> None:
    assert opened.result("store", "check")["count"] == 0
    assert opened.result("events", "verify")["problems"] == []


def test_the_recovery_key_of_then_opens_every_key(opened: Installation) -> None:
    recovered = recover(opened.root / "ring/ring.sqlite", RecoveryKey.parse(manifest(opened)["recovery_key"]))
    assert len(recovered) > len(manifest(opened)["contents"])
    assert all(entry.key is not None for entry in recovered)


def test_what_waited_waits_and_what_was_set_apart_is_set_apart(opened: Installation) -> None:
    facts = manifest(opened)
    assert [row["recipient"] for row in opened.result("queue", "list")] == facts.get("queued", [])
    assert quarantined(opened.root) == facts.get("quarantined", 0)


def test_a_search_finds_in_sealed_chunks_of_then_what_it_found_then(opened: Installation) -> None:
    facts = manifest(opened)
    mailbox = "Many" if "needles" in facts else "INBOX"  # the oldest has no mailbox that is large enough
    with opened.client("adam@example.org", facts["password"]) as client:
        client.select(mailbox, readonly=True)
        assert client.uid("SEARCH", "TEXT", "needle")[1][0].decode().split() == facts.get("needles", [])


def test_an_app_password_of_then_opens_the_mailbox(opened: Installation) -> None:
    facts = manifest(opened)
    with opened.client(
        "adam@example.org", facts.get("app_password", facts["password"])
    ) as client:  # there were none yet
        assert client.select("INBOX", readonly=True)[0] == "OK"
    delegates = opened.result("delegation", "list", "adam@example.org")
    assert [row["delegate"] for row in delegates] == ([FIRST] if "app_password" in facts else [])


def test_what_happened_then_is_traced_now(opened: Installation) -> None:
    kinds = {event["kind"] for event in opened.result("trace", FIRST)}
    assert {"message_received", "message_delivered"} <= kinds


def test_mail_of_then_is_recent_as_it_was_then(opened: Installation) -> None:
    """To nobody where it came before there were marks of \\Recent."""
    facts = manifest(opened)
    with opened.client(FIRST, facts["password"]) as client:
        for mailbox, seen in facts["contents"][FIRST].items():
            recent = sum("\\Recent" in message["flags"] for message in seen["messages"].values())
            assert client.status(f'"{mailbox}"', "(RECENT)")[1][0].endswith(b"(RECENT %d)" % recent)


def test_new_mail_follows_the_old_and_changes_nothing_of_it(opened: Installation) -> None:
    facts = manifest(opened)
    before = facts["contents"][FIRST]["INBOX"]
    opened.send(FIRST, b"Subject: today\r\n\r\nbody\r\n")
    after = contents(opened, [FIRST], facts["password"])[FIRST]["INBOX"]
    uid_next = before["status"].rpartition(" ")[2]
    assert set(after["messages"]) - set(before["messages"]) == {uid_next}
    assert {uid: after["messages"][uid] for uid in before["messages"]} == before["messages"]
