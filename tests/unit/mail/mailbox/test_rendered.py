"""What is kept of messages, and for how long."""

from skrytka.mail.mailbox.rendered import KEPT_S, RenderedCache
from skrytka.model.clock import FixedClock
from skrytka.model.ids import AccountId, MailboxId

ALICE, INBOX, SENT = AccountId(1), MailboxId(1), MailboxId(2)
TEXT = b"e" * 100


def test_what_was_put_is_known_until_it_is_old() -> None:
    clock = FixedClock()
    cache = RenderedCache(clock)
    cache.put(ALICE, INBOX, b"envelope", {1: TEXT, 2: TEXT})
    assert set(cache.get(ALICE, INBOX, b"envelope")) == {1, 2}
    assert cache.get(ALICE, SENT, b"envelope") == {}
    clock.advance(KEPT_S / 2)
    assert cache.get(ALICE, INBOX, b"envelope")
    clock.advance(KEPT_S / 2 + 1)
    assert cache.get(ALICE, INBOX, b"envelope")
    clock.advance(KEPT_S + 1)
    assert cache.get(ALICE, INBOX, b"envelope") == {}
    assert cache.size_bytes == 0


def test_kinds_are_kept_apart() -> None:
    cache = RenderedCache(FixedClock())
    cache.put(ALICE, INBOX, b"envelope", {1: TEXT})
    cache.put(ALICE, INBOX, b"body", {1: b"body"})
    assert (cache.get(ALICE, INBOX, b"envelope"), cache.get(ALICE, INBOX, b"body")) == ({1: TEXT}, {1: b"body"})


def test_the_oldest_makes_room() -> None:
    cache = RenderedCache(FixedClock(), max_bytes=600)
    cache.put(ALICE, INBOX, b"envelope", {1: TEXT})
    cache.put(ALICE, SENT, b"envelope", {1: TEXT, 2: TEXT})
    cache.put(ALICE, SENT, b"envelope", {2: b"another", 3: b""})
    assert cache.get(ALICE, INBOX, b"envelope") == {}
    assert cache.get(ALICE, SENT, b"envelope") == {1: TEXT, 2: TEXT, 3: b""}
    cache.put(ALICE, SENT, b"envelope", {4: TEXT, 5: TEXT})  # more than the cache has room for
    assert set(cache.get(ALICE, SENT, b"envelope")) == {1, 2, 3}
    assert cache.size_bytes <= 600
