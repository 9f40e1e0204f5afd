import msgspec
import pytest

from skrytka.mail.delivery.queued import (
    QueuedEnvelope,
    QueuedTarget,
    open_envelope,
    open_target,
    seal_envelope,
    seal_target,
)
from skrytka.mail.delivery.types import Asked, Target, Transaction
from skrytka.model.address import NULL_REVERSE_PATH, Address, Domain, ReversePath
from skrytka.model.envelope import Notify, Recipient
from skrytka.model.errors import PermanentError
from skrytka.model.ids import AccountId, QueueId, TraceId, UnitId
from skrytka.model.secret import Secret
from skrytka.store.seal.keys import AccountKeys, Kind
from tests.unit.mail.support import CountingRandom

KEYS = AccountKeys(AccountId(0), Secret(b"k" * 32), CountingRandom())
QUEUE_ID = QueueId(b"q" * 16)
OTHER_ID = QueueId(b"r" * 16)


@pytest.mark.parametrize("path", [NULL_REVERSE_PATH, ReversePath(Address.parse("bob@example.net"))])
def test_an_envelope_opens_as_it_was_and_for_its_message_only(path: ReversePath) -> None:
    facts = Transaction(
        trace=TraceId(b"t" * 16), received_at_ms=1, reverse_path=path, remote="192.0.2.1", helo=Domain.parse("a.test")
    )
    envelope = QueuedEnvelope(facts, UnitId(b"u" * 16), 3)
    sealed = seal_envelope(KEYS, QUEUE_ID, envelope)
    assert open_envelope(KEYS, QUEUE_ID, sealed) == envelope
    assert b"192.0.2.1" not in sealed
    with pytest.raises(PermanentError):
        open_envelope(KEYS, OTHER_ID, sealed)


def test_what_was_found_of_a_sender_is_kept_and_may_be_missing() -> None:
    facts = Transaction(
        trace=TraceId(b"t" * 16),
        received_at_ms=1,
        reverse_path=NULL_REVERSE_PATH,
        remote="192.0.2.1",
        helo=Domain.parse("a.test"),
        results="Authentication-Results: x; none\r\n",
        is_junk=True,
        is_sender_checked=True,
    )
    envelope = QueuedEnvelope(facts, UnitId(b"u" * 16), 3)
    assert open_envelope(KEYS, QUEUE_ID, seal_envelope(KEYS, QUEUE_ID, envelope)) == envelope
    plain, *rest = msgspec.msgpack.decode(msgspec.msgpack.encode(envelope))
    for name in ("results", "is_junk", "is_sender_checked"):
        del plain[name]
    older = open_envelope(KEYS, QUEUE_ID, KEYS.seal(Kind.TEXT, QUEUE_ID, msgspec.msgpack.encode([plain, *rest])))
    assert (older.facts.results, older.facts.is_junk) == ("", False)


def test_a_recipient_opens_as_it_was_and_in_its_place_only() -> None:
    alice = Address.parse("alice@example.test")
    target = QueuedTarget(Address.parse("info@example.test"), Target(AccountId(7), alice))
    sealed = seal_target(KEYS, QUEUE_ID, 2, target)
    assert open_target(KEYS, QUEUE_ID, 2, sealed) == target
    for queue_id, number in [(QUEUE_ID, 1), (OTHER_ID, 2)]:
        with pytest.raises(PermanentError):
            open_target(KEYS, queue_id, number, sealed)


def test_what_the_sender_wants_to_hear_is_kept_and_may_be_missing() -> None:
    alice = Address.parse("alice@example.test")
    recipient = Recipient(alice, frozenset({Notify.SUCCESS}), r"utf-8;\x{17C}@example.org")
    target = QueuedTarget(alice, Target(AccountId(7), alice), (Asked(recipient, is_group=True),))
    assert open_target(KEYS, QUEUE_ID, 0, seal_target(KEYS, QUEUE_ID, 0, target)) == target
    older = KEYS.seal(Kind.TEXT, QUEUE_ID + bytes(4), msgspec.msgpack.encode([alice, Target(AccountId(7), alice)]))
    assert open_target(KEYS, QUEUE_ID, 0, older) == QueuedTarget(alice, Target(AccountId(7), alice))


def test_a_record_of_another_kind_is_not_taken_for_it() -> None:
    target = QueuedTarget(Address.parse("a@b.test"), Target(AccountId(7), Address.parse("a@b.test")))
    with pytest.raises(PermanentError):
        open_envelope(KEYS, QUEUE_ID, seal_target(KEYS, QUEUE_ID, 0, target))
