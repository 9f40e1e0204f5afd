"""What is kept of messages, and for how long."""

from skrytka.mail.mailbox.rendered import KEPT_S, RenderedCache
from skrytka.model.clock import FixedClock
from skrytka.model.ids import AccountId, MailboxId

ALICE, INBOX, SENT = AccountId(1), MailboxId(1), MailboxId(2)
TEXT = b"e" * 100


def test_what_was_put_is_known_until_it_is_old() -> None:
    clock = FixedClock()
    cache = RenderedCache(clock)
    cache.put(ALICE, INBOX, "envelope", [(1, TEXT), (2, TEXT)])
    assert set(cache.get(ALICE, INBOX, "envelope")) == {1, 2}
    assert cache.get(ALICE, SENT, "envelope") == {}
    clock.advance(KEPT_S / 2)
    assert cache.get(ALICE, INBOX, "envelope")
    clock.advance(KEPT_S / 2 + 1)
    assert cache.get(ALICE, INBOX, "envelope")
    clock.advance(KEPT_S + 1)
    assert cache.get(ALICE, INBOX, "envelope") == {}
    assert cache.size_bytes == 0


def test_kinds_are_kept_apart() -> None:
    cache = RenderedCache(FixedClock())
    cache.put(ALICE, INBOX, "envelope", [(1, TEXT)])
    cache.put(ALICE, INBOX, "body", [(1, b"body")])
    assert (cache.get(ALICE, INBOX, "envelope"), cache.get(ALICE, INBOX, "body")) == ({1: TEXT}, {1: b"body"})


def test_the_oldest_makes_room() -> None:
    cache = RenderedCache(FixedClock(), max_bytes=600)
    cache.put(ALICE, INBOX, "envelope", [(1, TEXT), (1, TEXT)])
    cache.put(ALICE, SENT, "envelope", [(1, TEXT), (2, TEXT), (3, TEXT)])
    assert cache.get(ALICE, INBOX, "envelope") == {}
    assert set(cache.get(ALICE, SENT, "envelope")) == {1, 2}
    assert cache.size_bytes <= 600
