import msgspec
import pytest

from skrytka.mail.outbox.sealed import (
    OutboundEnvelope,
    open_envelope,
    open_recipient,
    queue_keys,
    seal_envelope,
    seal_recipient,
)
from skrytka.model.address import NULL_REVERSE_PATH
from skrytka.model.envelope import BodyType, Notify, Ret, TlsWish
from skrytka.model.errors import PermanentError
from skrytka.model.ids import AccountId, QueueId, TraceId
from skrytka.store.seal.keys import Kind
from tests.support.outside import to
from tests.unit.mail.world import World

QUEUE = QueueId(b"q" * 16)
ENVELOPE = OutboundEnvelope(
    trace=TraceId(b"t" * 16),
    reverse_path=NULL_REVERSE_PATH,
    arrived_at_ms=5,
    account=AccountId(3),
    body_type=BodyType.EIGHT_BIT,
    ret=Ret.FULL,
    envid="x",
    trace_fields=b"Received: x\r\n",
)


async def test_an_envelope_opens_as_it_was_and_for_its_message_only(world: World) -> None:
    keys = await queue_keys(world.keys, world.random)
    sealed = seal_envelope(keys, QUEUE, ENVELOPE)
    assert open_envelope(keys, QUEUE, sealed) == ENVELOPE
    with pytest.raises(PermanentError):
        open_envelope(keys, QueueId(b"r" * 16), sealed)


async def test_a_recipient_opens_as_it_was_and_in_its_place_only(world: World) -> None:
    keys = await queue_keys(world.keys, world.random)
    recipient = to("ż@example.net", Notify.SUCCESS, original="rfc822;a@b")
    sealed = seal_recipient(keys, QUEUE, 1, recipient)
    assert open_recipient(keys, QUEUE, 1, sealed) == recipient
    with pytest.raises(PermanentError):
        open_recipient(keys, QUEUE, 2, sealed)


async def test_an_envelope_of_an_older_release_opens(world: World) -> None:
    """docs/formats.md: what is missing is as it is there."""
    keys = await queue_keys(world.keys, world.random)
    older = {"trace": ENVELOPE.trace, "reverse_path": NULL_REVERSE_PATH, "arrived_at_ms": 5}
    sealed = keys.seal(Kind.TEXT, QUEUE, msgspec.msgpack.encode(older))
    opened = open_envelope(keys, QUEUE, sealed)
    assert (opened.hold, opened.deliver_by, opened.priority, opened.body_digest) == ("", None, None, b"")


async def test_another_form_is_damage(world: World) -> None:
    keys = await queue_keys(world.keys, world.random)
    odd = keys.seal(Kind.TEXT, QUEUE, b"\x01")
    with pytest.raises(PermanentError):
        open_envelope(keys, QUEUE, odd)
    no_utf8 = msgspec.msgpack.encode(to("a@b.test", original="rfc822;x")).replace(
        b"rfc822", b"\xff\xfe\xff\xfe\xff\xfe"
    )
    for other in (b"\x01", no_utf8):
        with pytest.raises(PermanentError):
            open_recipient(keys, QUEUE, 0, keys.seal(Kind.TEXT, QUEUE + bytes(4), other))


async def test_an_envelope_of_an_older_release_asks_for_what_it_could_ask_for(world: World) -> None:
    """Fields that came later have their defaults: DKIM, DELIVERBY, MT-PRIORITY, REQUIRETLS."""
    keys = await queue_keys(world.keys, world.random)
    of_then = {name: value for name, value in msgspec.to_builtins(ENVELOPE).items() if name in OF_STEP_1D}
    of_then |= {"trace": b"t" * 16, "trace_fields": b"Received: x\r\n"}
    sealed = keys.seal(Kind.TEXT, QUEUE, msgspec.msgpack.encode(of_then))
    opened = open_envelope(keys, QUEUE, sealed)
    assert opened == ENVELOPE
    assert opened.tls_wish is TlsWish.USUAL


OF_STEP_1D = {
    "trace", "reverse_path", "arrived_at_ms", "account", "body_type", "needs_smtputf8", "ret", "envid", "trace_fields",
    "is_report",
}  # fmt: skip
