"""Mail for aliases that lead to other servers, from the RCPT to what the other server gets, and back."""

import dataclasses
from collections.abc import Sequence

import msgspec
import pytest

from skrytka.mail.delivery.forwards import forwards_of, is_loop
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.local import Delivery
from skrytka.mail.delivery.types import Outgoing, Resolution
from skrytka.mail.outbox import dkim_keys
from skrytka.model import reply
from skrytka.model.address import NULL_REVERSE_PATH, Address, ReversePath
from skrytka.model.envelope import Notify, Recipient
from skrytka.model.errors import Reason
from skrytka.model.events import DeliveryFailed, MessageQueued
from skrytka.model.verdict import Verdict
from tests.support.outside import Outside, Peer, peer, to
from tests.support.signing import arc_verified, give_keys, rsa_key, signing_of, use_keys, verified
from tests.unit.mail.world import ACTOR, MESSAGE, World

INFO = "info@example.test"
SENDER = ReversePath(Address.parse("bob@example.net"))
NO = {"RCPT": b"550 5.1.1 no x@private.example.net here\r\n"}


async def forward(
    outside: Outside,
    *recipients: Recipient,
    message: bytes = MESSAGE,
    path: ReversePath = SENDER,
    is_proven: bool = False,
) -> Verdict:
    """As port 25 does it."""
    world = outside.world
    resolutions: list[Resolution] = []
    for recipient in recipients:
        found = await world.directory.resolve(recipient.address)
        assert found.is_accepted
        resolutions.append(msgspec.structs.replace(found, asked=recipient))
    incoming = outside.delivery.begin(is_leaving=any(each.outside for each in resolutions))
    await incoming.write(message)
    facts = msgspec.structs.replace(world.facts(), reverse_path=path, is_proven=is_proven)
    return await outside.delivery.deliver(facts, resolutions, incoming)


async def led(world: World, alias: str = INFO, targets: Sequence[str] = ("x@example.net",)) -> None:
    await world.admin.aliases.add(alias, targets, ACTOR)


def mail_from(mx: Peer) -> list[str]:
    return [line.removeprefix("MAIL FROM:<").partition(">")[0] for line in mx.lines if line.startswith("MAIL")]


def rcpt_to(mx: Peer) -> list[str]:
    return [line.removeprefix("RCPT TO:<").partition(">")[0] for line in mx.lines if line.startswith("RCPT")]


async def test_a_forward_leaves_under_a_reverse_path_of_ours_as_it_came(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dkim_keys, "generate_private_key", rsa_key)
    records = await give_keys(world)
    await use_keys(world)
    await led(world)
    async with peer() as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        assert (await forward(outside, to(INFO))).reply is reply.ACCEPTED
        await outside.courier.run_once()
    (message,), (path,) = mx.messages, mail_from(mx)
    assert path.startswith("SRS0=")
    assert path.endswith("@example.test")
    assert await world.rewriting.restored(Address.parse(path)) == SENDER.address
    assert rcpt_to(mx) == ["x@example.net"]
    assert message.endswith(MESSAGE)
    assert message.startswith(b"Delivered-To: info@example.test\r\nReceived: from mail.example.net ([192.0.2.1])")
    assert list(verified(message, records).values()) == [True, True]  # d= is who forwards
    (queued,) = (event for event in world.events.events if isinstance(event, MessageQueued))
    assert (queued.reason, queued.recipients, len(queued.signatures)) == ("forward", ("x@example.net",), 2)


async def test_members_here_and_elsewhere_get_their_copies_in_one_commit(world: World) -> None:
    await led(world, targets=["alice@example.test", "x@example.net", "y@example.net"])
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await forward(outside, to(INFO))
        assert len(await world.inbox()) == 1
        await outside.courier.run_once()
    assert sorted(rcpt_to(mx)) == ["x@example.net", "y@example.net"]
    assert [type(command).__name__ for command in world.store.commands[-3:]].count("Post") == 1
    assert await outside.queue() == []


async def test_each_alias_forwards_for_itself_and_tells_of_no_other(world: World) -> None:
    await led(world, targets=["x@example.net", "y@example.net"])
    await led(world, "secret@example.test", ["y@example.net", "z@example.net"])
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await forward(outside, to(INFO), to("secret@example.test"))
        await outside.courier.run_once()
    assert sorted(rcpt_to(mx)) == ["x@example.net", "y@example.net", "z@example.net"]
    first, second = sorted(mx.messages)
    assert (b"Delivered-To: info@" in first, b"secret" in first) == (True, False)
    assert (b"Delivered-To: secret@" in second, b"info" in second) == (True, False)


async def test_a_null_reverse_path_stays_null(world: World) -> None:
    await led(world)
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await forward(outside, to(INFO), path=NULL_REVERSE_PATH)
        await outside.courier.run_once()
    assert mail_from(mx) == [""]


async def test_our_own_reverse_path_from_outside_is_rewritten_for_it_may_be_forged(world: World) -> None:
    await led(world)
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await forward(outside, to(INFO), path=ReversePath(Address.parse("alice@example.test")))
        await outside.courier.run_once()
    assert mail_from(mx)[0].startswith("SRS0=")


async def test_own_people_send_to_an_alias_under_their_own_name_and_signature(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dkim_keys, "generate_private_key", rsa_key)
    records = await give_keys(world)
    await use_keys(world)
    await led(world)
    mail = MESSAGE.replace(b"bob@example.net", b"alice@example.test", 1)
    async with peer() as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        await outside.submit(to(INFO), "y@example.net", message=mail)
        await outside.courier.run_once()
    assert mail_from(mx) == ["alice@example.test"] * 2
    assert sorted(rcpt_to(mx)) == ["x@example.net", "y@example.net"]
    assert [list(verified(message, records).values()) for message in mx.messages] == [[True, True]] * 2


async def test_a_message_that_comes_back_is_a_loop(world: World) -> None:
    await led(world)
    outside = Outside(world, 1)
    verdict = await forward(outside, to(INFO), message=b"Delivered-To:  Info@example.test \r\n" + MESSAGE)
    assert (verdict.reply, verdict.reason) == (reply.MAIL_LOOP, Reason.MAIL_LOOP)
    assert await outside.queue() == []
    verdict = await forward(outside, to(INFO), message=b"Received: from x\r\n" * 100 + MESSAGE)
    assert verdict.reply is reply.MAIL_LOOP
    verdict = await forward(outside, to(INFO), message=b"Delivered-To: other@example.test\r\n" + MESSAGE)
    assert verdict.reply is reply.ACCEPTED


async def test_a_report_to_a_rewritten_address_goes_back_to_whose_it_was(world: World) -> None:
    made = (await world.rewriting.rewritten(SENDER, Address.parse(INFO).domain)).address
    assert made is not None
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await forward(outside, to(str(made)), path=NULL_REVERSE_PATH, message=b"From: <>\r\n\r\nfailed\r\n")
        await outside.courier.run_once()
    assert (mail_from(mx), rcpt_to(mx)) == ([""], ["bob@example.net"])
    assert b"Delivered-To" not in mx.messages[0]


async def test_the_sender_of_a_forward_that_fails_is_told_when_he_is_proven_and_not_where_it_led(world: World) -> None:
    await led(world, targets=["x@private.example.net"])
    async with peer(NO) as mx:
        outside = Outside(world, mx.port)
        world.events.events.clear()
        outside.routes._mx_port = mx.port  # type: ignore[attr-defined]
        await forward(outside, to(INFO), is_proven=True)
        await outside.courier.run_once()
        (failed,) = (event for event in world.events.events if isinstance(event, DeliveryFailed))
        assert failed.is_reported
        mx.answers["RCPT"] = b"250 ok\r\n"
        await outside.courier.run_once()
    assert rcpt_to(mx)[-1] == "bob@example.net"
    (report,) = mx.messages
    assert b"Final-Recipient: rfc822;info@example.test" in report.replace(b"; ", b";")
    assert b"private" not in report
    assert b"Status: 5." in report


async def test_nobody_is_told_of_mail_that_may_be_forged(world: World) -> None:
    await led(world)
    async with peer(NO) as mx:
        outside = Outside(world, mx.port)
        await forward(outside, to(INFO))
        await outside.courier.run_once()
    (failed,) = (event for event in world.events.events if isinstance(event, DeliveryFailed))
    assert not failed.is_reported
    assert await outside.queue() == []


def resolution(asked: Recipient | None, *outside: str, is_return: bool = False) -> Resolution:
    addresses = tuple(map(Address.parse, outside))
    verdict = Verdict(action=None, reply=reply.ACCEPTED)  # type: ignore[arg-type]
    return Resolution(Address.parse(INFO), verdict, outside=addresses, asked=asked, is_return=is_return)


def test_what_the_sender_wants_to_hear_goes_with_a_forward_and_a_group_is_only_expanded() -> None:
    asked = to(INFO, Notify.SUCCESS, Notify.FAILURE)
    (one,) = forwards_of([resolution(asked, "x@a.test")])
    assert one.recipients == (
        Recipient(Address.parse("x@a.test"), frozenset({Notify.SUCCESS, Notify.FAILURE}), f"rfc822;{INFO}"),
    )
    (group,) = forwards_of([resolution(to(INFO, Notify.SUCCESS, original="rfc822;o@b.test"), "x@a.test", "y@a.test")])
    assert {each.notify for each in group.recipients} == {frozenset({Notify.NEVER})}
    assert {each.original for each in group.recipients} == {"rfc822;o@b.test"}


def test_nobody_gets_two_copies() -> None:
    outgoing = Outgoing(account=None, recipients=(to("X@a.test"),))
    (found,) = forwards_of([resolution(None, "x@a.test", "y@a.test"), resolution(None, "y@a.test")], outgoing)
    assert [str(each.address) for each in found.recipients] == ["y@a.test"]


def test_a_report_is_no_loop() -> None:
    header = rescan(f"Delivered-To: {INFO}\r\n\r\n".encode())
    assert is_loop(header, forwards_of([resolution(None, "x@a.test")]))
    assert not is_loop(header, forwards_of([resolution(None, "x@a.test", is_return=True)]))


async def checked(
    outside: Outside, message: bytes, *recipients: str, remote: str = "192.0.2.1", path: ReversePath = SENDER
) -> Verdict:
    """A stranger's message, whose sender is asked about."""
    world = outside.world
    resolutions = await world.resolve(*recipients)
    incoming = outside.delivery.begin_checked(is_leaving=True)
    await incoming.write(message)
    facts = msgspec.structs.replace(world.facts(), is_sender_checked=True, remote=remote, reverse_path=path)
    return await outside.delivery.deliver(facts, resolutions, incoming)


@pytest.mark.parametrize(
    "author",
    [
        b"From: ceo@example.test\r\n",
        b"From: ceo@sub.example.test\r\n",
        b"From: ceo@EXAMPLE.test, bob@example.net\r\n",
        b"From: bob@example.net\r\nFrom: ceo@example.test\r\n",
        b"From: " + b", ".join(b"a@%d.test" % number for number in range(9)) + b"\r\n",
    ],
)
async def test_a_forward_makes_nobody_one_of_us(world: World, author: bytes) -> None:
    """Our signature and our SPF would prove From, which nobody has proven."""
    await led(world, targets=["alice@example.test", "x@example.net"])
    outside = Outside(world, 1)
    forged = author + MESSAGE.partition(b"\r\n")[2]
    verdict = await checked(outside, forged, INFO)
    assert verdict.reply is reply.NOT_FORWARDED
    assert (await outside.queue(), await world.inbox()) == ([], [])
    await world.admin.domains.add("other.test", ACTOR)
    await led(world, "info@other.test")
    is_countless = b"8" in author
    verdict = await checked(outside, forged, "info@other.test")
    assert (verdict.reply is reply.NOT_FORWARDED) is is_countless  # d= and SPF are of other.test
    verdict = await checked(outside, forged, "info@other.test", path=NULL_REVERSE_PATH)
    assert verdict.reply is reply.NOT_FORWARDED  # SPF is of our host name, mx.example.test


async def test_from_of_a_domain_that_is_no_kin_is_forwarded(world: World) -> None:
    await world.admin.domains.add("other.test", ACTOR)
    await led(world, targets=["x@example.net"])
    outside = Outside(world, 1)
    forged = MESSAGE.replace(b"bob@example.net", b"ceo@other.test", 1)
    assert (await checked(outside, forged, INFO)).reply is reply.ACCEPTED  # d= and SPF are of example.test


async def test_our_own_mail_that_comes_back_proven_is_forwarded(world: World) -> None:
    await led(world)
    world.dns.txt("_dmarc.example.test", "v=DMARC1; p=none")
    world.dns.txt("example.test", "v=spf1 ip4:198.51.100.7 -all")
    outside = Outside(world, 1)
    ours = MESSAGE.replace(b"bob@example.net", b"alice@example.test", 1)
    path = ReversePath(Address.parse("alice@example.test"))
    assert (await checked(outside, ours, INFO, path=path)).reply is reply.NOT_FORWARDED
    assert (await checked(outside, ours, INFO, remote="198.51.100.7", path=path)).reply is reply.ACCEPTED
    assert len(await outside.queue()) == 1


async def test_a_strangers_unproven_mail_is_forwarded_as_it_is(world: World) -> None:
    await led(world)
    outside = Outside(world, 1)
    assert (await checked(outside, MESSAGE, INFO)).reply is reply.ACCEPTED
    assert len(await outside.queue()) == 1


async def test_what_no_inspector_survives_is_not_forwarded_under_our_name(world: World) -> None:
    await led(world)
    world.inspector.poison = b"Hello"
    outside = Outside(world, 1)
    assert (await checked(outside, MESSAGE, INFO)).reply is reply.NOT_FORWARDED


def sealing(outside: Outside) -> Outside:
    """Forwards of this one have a set of ARC."""
    outside.delivery = Delivery(dataclasses.replace(outside.delivery._deps, is_sealing=True))
    return outside


async def test_what_we_have_found_goes_on_with_a_forward(world: World) -> None:
    await led(world)
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await checked(outside, MESSAGE, INFO)
        await outside.courier.run_once()
    (message,) = mx.messages
    first, second, third = rescan(message).fields[:3]
    assert [first[0], second[0], third[0]] == [b"delivered-to", b"authentication-results", b"received"]
    assert second[1].startswith(b"Authentication-Results: mx.example.test;\r\n\tspf=none ")
    assert b"ARC-" not in message


async def test_a_forward_is_sealed_where_a_setting_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dkim_keys, "generate_private_key", rsa_key)
    records = await give_keys(world)
    await use_keys(world)
    await led(world)
    async with peer() as mx:
        outside = sealing(Outside(world, mx.port, signing=signing_of(world)))
        await checked(outside, MESSAGE, INFO)
        await outside.courier.run_once()
        (once,) = mx.messages
        for name, text in records.items():
            world.dns.txt(name, text)
        again = once[once.index(b"Received:") :]  # it comes back by another alias
        await led(world, "other@example.test")
        await checked(outside, again, "other@example.test")
        await outside.courier.run_once()
    twice = mx.messages[1]
    assert arc_verified(once, records) == arc_verified(twice, records) == ("pass", "example.test")
    assert twice.count(b"ARC-Seal: ") == 2
    assert b"; arc=pass" in twice[twice.index(b"ARC-Authentication-Results: i=2;") :].replace(b"\r\n\t", b" ")
    assert b"cv=pass" in twice.partition(b"ARC-Message")[0]
    assert set(verified(once, records).values()) == {True}


async def test_nothing_is_sealed_that_nobody_has_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dkim_keys, "generate_private_key", rsa_key)
    await led(world)
    async with peer() as mx:
        unkeyed = sealing(Outside(world, mx.port, signing=signing_of(world)))
        await checked(unkeyed, MESSAGE, INFO)  # no key is in use
        await give_keys(world)
        await use_keys(world)
        outside = sealing(Outside(world, mx.port, signing=signing_of(world)))
        await forward(outside, to(INFO))
        own = MESSAGE.replace(b"bob@example.net", b"alice@example.test", 1)
        await outside.submit(to(INFO), message=own)
        await outside.courier.run_once()
    assert len(mx.messages) == 3
    assert not any(b"ARC-" in message for message in mx.messages)


@pytest.mark.parametrize(
    ("records", "is_forwarded"),
    [
        ({"org.test": "v=DMARC1; p=none"}, False),
        ({"org.test": "v=DMARC1; p=none", "a.org.test": "v=DMARC1; p=none"}, False),
        ({"a.org.test": "v=DMARC1; p=none"}, True),  # without a record above them they are two organizations
        ({"org.test": "v=DMARC1; p=none; psd=y"}, True),
        ({"org.test": "v=DMARC1; p=none", "a.org.test": "v=DMARC1; p=none; psd=n"}, True),
    ],
)
async def test_a_sister_domain_is_ours_too_where_both_are_of_one_organization(
    world: World, records: dict[str, str], *, is_forwarded: bool
) -> None:
    """RFC 9989 4.10.2: relaxed alignment would make From pass by our signature."""
    for name, record in records.items():
        world.dns.txt(f"_dmarc.{name}", record)
    world.dns.txt("a.org.test", "v=spf1 -all")
    await world.admin.domains.add("b.org.test", ACTOR)
    await led(world, "info@b.org.test")
    outside = Outside(world, 1)
    forged = MESSAGE.replace(b"bob@example.net", b"ceo@a.org.test", 1)
    verdict = await checked(outside, forged, "info@b.org.test")
    assert (verdict.reply is reply.ACCEPTED) is is_forwarded
    assert (verdict.reply is reply.NOT_FORWARDED) is not is_forwarded
    assert (await checked(outside, MESSAGE, "info@b.org.test")).reply is reply.ACCEPTED


async def test_where_dns_does_not_say_whose_sister_it_is_names_alone_tell(world: World) -> None:
    world.dns.txt("_dmarc.a.org.test", "v=DMARC1; p=none")
    world.dns.silent("_dmarc.org.test")
    await world.admin.domains.add("b.org.test", ACTOR)
    await led(world, "info@b.org.test")
    outside = Outside(world, 1)
    forged = MESSAGE.replace(b"bob@example.net", b"ceo@a.org.test", 1)
    assert (await checked(outside, forged, "info@b.org.test")).reply is reply.ACCEPTED
