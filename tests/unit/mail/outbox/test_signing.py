"""What leaves is signed, and somebody else's verifier says so."""

import re

import pytest

from skrytka.mail.outbox import dkim_keys
from skrytka.mail.outbox.signing import UNSIGNED
from skrytka.model.envelope import BodyType
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import FaultRaised, MessageQueued
from skrytka.store.commands.directory import AddDomain
from skrytka.store.commands.dkim import DkimMove, MoveDkimKeys
from skrytka.store.rows import DkimState
from skrytka.store.sql.dkim import keys_of
from tests.support.outside import EHLO, Outside, peer
from tests.support.signing import BOTH, give_keys, rsa_key, signing_of, unit, use_keys, verified
from tests.unit.mail.world import World

HEAD = b"From: Alice <alice@example.test>\r\nTo: x@example.net\r\nSubject: lunch\r\n"
SHORT = HEAD + b"\r\nHello\r\n"
EIGHT = (
    HEAD
    + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    + "Zażółć  gęślą\t jaźń \r\n\r\n\r\n".encode()
)
NO_8BIT = EHLO.replace(b"250-8BITMIME\r\n", b"")
SELECTORS = {"s20270115r rsa-sha256": True, "s20270115e ed25519-sha256": True}


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dkim_keys, "generate_private_key", rsa_key)


async def sent(
    world: World,
    message: bytes,
    ehlo: bytes = EHLO,
    sender: str = "alice@example.test",
    *,
    is_author_checked: bool = False,
) -> bytes:
    """What another server got."""
    async with peer({"EHLO": ehlo.replace(b"1000000", b"9000000")}) as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        await outside.submit(
            "x@example.net",
            message=message,
            sender=sender,
            body_type=BodyType.EIGHT_BIT,
            is_author_checked=is_author_checked,
        )
        await outside.courier.run_once()
    return mx.messages[0]


def faults(world: World) -> list[str]:
    return [event.detail for event in world.events.events if isinstance(event, FaultRaised) and event.fault == UNSIGNED]


@pytest.mark.parametrize(
    "message",
    [
        SHORT,
        EIGHT,
        HEAD + b"\r\n",
        HEAD,  # no blank line, no body
        HEAD + b"\r\n" + b"0123456789  abcdef \t\r\n" * 100_000,  # spooled
        b"X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n" * 2_000 + SHORT,  # its header is read in a thread
    ],
    ids=["short", "8bit", "empty body", "header alone", "large", "long header"],
)
async def test_a_submission_has_both_signatures_and_they_verify(world: World, message: bytes) -> None:
    records = await give_keys(world)
    await use_keys(world)
    arrived = await sent(world, message)
    assert verified(arrived, records) == SELECTORS
    assert not any(verified(arrived.replace(b"Alice <alice", b"Alice <alicf"), records).values())
    (queued,) = (event for event in world.events.events if isinstance(event, MessageQueued))
    assert sorted(queued.signatures) == sorted(records)


async def test_from_and_what_a_reader_sees_is_oversigned(world: World) -> None:
    records = await give_keys(world)
    await use_keys(world)
    arrived = await sent(world, SHORT)
    assert re.findall(rb"d=([^;]+);", arrived) == [b"example.test"] * 2
    for forged in (b"From: ceo@example.test\r\n", b"Subject: pay\r\n", b"Content-Type: text/html\r\n"):
        assert not any(verified(forged + arrived, records).values())


async def test_a_report_of_ours_is_signed_for_the_domain_our_host_name_lies_in(world: World) -> None:
    records = await give_keys(world)
    await use_keys(world)
    async with peer({"RCPT": lambda line: b"550 5.1.1 no\r\n" if "nobody" in line else b"250 ok\r\n"}) as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        await outside.submit("nobody@example.net", message=SHORT, sender="bob@example.net")
        await outside.courier.run_once()
        await outside.courier.run_once()
    (report,) = mx.messages
    assert b"mailer-daemon@mx.example.test" in report
    assert verified(report, records) == SELECTORS


async def test_mail_for_a_server_of_seven_bits_is_signed_anew(world: World) -> None:
    records = await give_keys(world)
    await use_keys(world)
    arrived = await sent(world, EIGHT, NO_8BIT)
    assert b"Encoding: base64" in arrived
    assert verified(arrived, records) == SELECTORS


@pytest.mark.parametrize("ehlo", [EHLO, NO_8BIT])
async def test_mail_that_waited_for_its_time_is_signed_by_the_keys_of_that_day(world: World, ehlo: bytes) -> None:
    old = await give_keys(world)
    await use_keys(world)
    async with peer({"EHLO": ehlo}) as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        await outside.submit("x@example.net", message=EIGHT, body_type=BodyType.EIGHT_BIT, hold_s=30 * 86_400)
        await use_keys(world, state=DkimState.REVOKED)
        world.clock.advance(30 * 86_400)
        new = await give_keys(world)
        rows = await world.store.read(keys_of("example.test"))
        moves = tuple(DkimMove(row.selector, row.state, DkimState.ACTIVE) for row in rows if row.state is DkimState.NEW)
        await world.store.submit(MoveDkimKeys(unit=unit(world), domain="example.test", moves=moves))
        await outside.courier.run_once()
    (message,) = mx.messages
    assert sorted(verified(message, new).values()) == [True, True]
    assert not any(name.partition(".")[0].encode() in message for name in old)


async def test_one_key_alone_signs_alone(world: World) -> None:
    records = await give_keys(world, algorithms=BOTH[1:])
    await use_keys(world)
    assert verified(await sent(world, SHORT), records) == {"s20270115e ed25519-sha256": True}


@pytest.mark.parametrize("state", [state for state in DkimState if state is not DkimState.ACTIVE])
async def test_a_key_that_is_not_in_use_signs_nothing_and_a_fault_says_so_once(world: World, state: DkimState) -> None:
    await give_keys(world)
    await use_keys(world, state=state)
    async with peer() as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        for _ in range(2):
            await outside.submit("x@example.net", message=SHORT)
        await outside.courier.run_once()
        assert [b"DKIM-Signature" in message for message in mx.messages] == [False, False]
        assert faults(world) == ["example.test: has no DKIM key in use: skrytka dkim list"]
        world.clock.advance(3601)
        await outside.submit("x@example.net", message=SHORT)
    assert len(faults(world)) == 2


async def test_keys_that_change_sign_from_the_next_message_on(world: World) -> None:
    records = await give_keys(world)
    async with peer() as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        await outside.submit("x@example.net", message=SHORT)
        await outside.courier.run_once()
        await use_keys(world)
        world.clock.advance(1)  # the first one is the first to go
        await outside.submit("x@example.net", message=SHORT)
        await outside.courier.run_once()
    assert [verified(message, records) for message in mx.messages] == [{}, SELECTORS]


async def test_from_decides_and_the_reverse_path_where_it_cannot_be_read(world: World) -> None:
    await world.store.submit(AddDomain(unit=unit(world), name="other.test"))
    records = await give_keys(world)
    await use_keys(world)
    other = SHORT.replace(b"alice@example.test", b"alice@other.test")
    assert b"DKIM-Signature" not in await sent(world, other, is_author_checked=True)
    assert faults(world) == ["other.test: has no DKIM key in use: skrytka dkim list"]
    unreadable = SHORT.replace(b"Alice <alice@example.test>", b"nobody at all")
    assert verified(await sent(world, unreadable), records) == SELECTORS
    strange = SHORT.replace(b"alice@example.test", b"alice@example.net")
    assert b"DKIM-Signature" not in await sent(world, strange, is_author_checked=True)
    assert faults(world)[-1] == "example.net: is not of this server"


async def test_a_header_that_has_too_much_to_sign_goes_unsigned(world: World) -> None:
    await give_keys(world)
    await use_keys(world)
    assert b"DKIM-Signature" not in await sent(world, b"List-Id: <x>\r\n" * 300 + SHORT)
    assert len(faults(world)) == 1


async def test_a_key_that_does_not_open_is_a_fault_and_no_lost_mail(world: World) -> None:
    records = await give_keys(world)
    await use_keys(world)
    sql = "UPDATE dkim_key SET private_key = zeroblob(90) WHERE selector = 's20270115r'"
    world.store.writer.db.execute(sql, {})
    assert verified(await sent(world, SHORT), records) == {"s20270115e ed25519-sha256": True}
    assert faults(world) == ["example.test s20270115r: text of account 0: unknown format"]


async def test_without_keys_to_be_had_the_sender_asks_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await give_keys(world)
    await use_keys(world)

    async def away(_subject: str) -> None:
        raise TransientError(Reason.KEY_UNAVAILABLE)

    monkeypatch.setattr(world.keys, "node", away)
    with pytest.raises(AssertionError, match="key_unavailable"):
        await sent(world, SHORT)


@pytest.mark.parametrize(
    "message", [SHORT, HEAD + b"\r\n" + b"0123456789  abcdef \t\r\n" * 100_000], ids=["small", "large"]
)
async def test_what_has_waited_for_days_is_signed_anew_by_the_keys_of_now(world: World, message: bytes) -> None:
    old = await give_keys(world)
    await use_keys(world)
    async with peer({"EHLO": EHLO.replace(b"1000000", b"9000000")}) as mx:
        outside = Outside(world, mx.port, signing=signing_of(world), expire_s=60 * 86_400)
        await outside.submit("x@example.net", message=message)
        await use_keys(world, state=DkimState.REVOKED)
        world.clock.advance(7 * 86_400)
        new = await give_keys(world)
        moves = (DkimMove(name.partition(".")[0], DkimState.NEW, DkimState.ACTIVE) for name in new)
        await world.store.submit(MoveDkimKeys(unit=unit(world), domain="example.test", moves=tuple(moves)))
        await outside.courier.run_once()
    (arrived,) = mx.messages
    assert list(verified(arrived, new).values()) == [True, True]
    assert old.keys().isdisjoint(new)


async def test_from_that_nobody_checks_is_signed_for_the_senders_own_domain_only(world: World) -> None:
    await world.store.submit(AddDomain(unit=unit(world), name="other.test"))
    await give_keys(world, "other.test")
    await use_keys(world, "other.test")
    other = SHORT.replace(b"alice@example.test", b"ceo@other.test")
    assert b"DKIM-Signature" not in await sent(world, other)
    assert faults(world) == ["other.test: From is of another domain than the reverse path, and is not checked"]
    assert b"DKIM-Signature" in await sent(world, other, is_author_checked=True)
