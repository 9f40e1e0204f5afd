"""What is kept of summaries, and for how long."""

from skrytka.mail.mailbox.heads import KEPT_S, HeadCache
from skrytka.model.clock import FixedClock
from skrytka.model.ids import AccountId, MailboxId
from skrytka.store.seal.summary import SummaryHead

ALICE, INBOX, SENT = AccountId(1), MailboxId(1), MailboxId(2)


def head(size: int = 100) -> SummaryHead:
    return SummaryHead(0, b"e" * size, b"", b"")


def test_what_was_put_is_known_until_it_is_old() -> None:
    clock = FixedClock()
    cache = HeadCache(clock)
    cache.put(ALICE, INBOX, [(1, head()), (2, head())])
    assert set(cache.get(ALICE, INBOX)) == {1, 2}
    assert cache.get(ALICE, SENT) == {}
    clock.advance(KEPT_S / 2)
    assert cache.get(ALICE, INBOX)
    clock.advance(KEPT_S / 2 + 1)
    assert cache.get(ALICE, INBOX)
    clock.advance(KEPT_S + 1)
    assert cache.get(ALICE, INBOX) == {}
    assert cache.size_bytes == 0


def test_the_oldest_mailbox_makes_room() -> None:
    cache = HeadCache(FixedClock(), max_bytes=1000)
    cache.put(ALICE, INBOX, [(1, head()), (1, head())])
    cache.put(ALICE, SENT, [(1, head()), (2, head()), (3, head())])
    assert cache.get(ALICE, INBOX) == {}
    assert set(cache.get(ALICE, SENT)) == {1, 2}
    assert cache.size_bytes <= 1000
