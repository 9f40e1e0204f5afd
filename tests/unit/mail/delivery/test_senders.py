"""Whose mail it is, asked of a DNS in a table, through the real delivery into a real store."""

from collections.abc import Callable, Iterator

import pytest

from skrytka.mail.delivery import senders, signatures
from skrytka.mail.delivery.types import Transaction
from skrytka.model import reply
from skrytka.model.events import BugCaught, MessageReceived, MessageRefused, SenderChecked
from skrytka.model.settings import Override, SenderAuth
from skrytka.model.verdict import Action
from tests.support import arc, dkim
from tests.unit.mail.world import MESSAGE, World

FORGED = MESSAGE.replace(b"bob@example.net", b"ceo@bank.example")
HERE = "192.0.2.1"


def checked(world: World) -> SenderChecked:
    (event,) = [event for event in world.events.events if isinstance(event, SenderChecked)]
    return event


def results_of(content: bytes) -> list[str]:
    """The lines of the Authentication-Results field of ours."""
    head, _, rest = content.partition(b"Authentication-Results: mx.example.test;\r\n\t")
    assert head.startswith(b"Return-Path: ")
    field, _, after = rest.partition(b"\r\nReceived: ")
    assert after
    return field.decode().split(";\r\n\t")


def publish_bank(world: World, policy: str = "v=DMARC1; p=reject; rua=mailto:d@bank.example") -> None:
    world.dns.txt("bank.example", "v=spf1 ip4:198.51.100.7 -all")
    world.dns.txt("_dmarc.bank.example", policy)


def signed(message: bytes = dkim.MESSAGE) -> bytes:
    """By example.org, for an author there."""
    return dkim.signed(message.replace(b"joe@football.example.com", b"joe@example.org"))


def publish_key(world: World) -> None:
    world.dns.records |= dkim.own_records()
    world.dns.txt("_dmarc.example.org", "v=DMARC1; p=reject")


async def test_honest_mail_has_its_results_in_the_copy_and_in_the_log(world: World) -> None:
    world.dns.txt("example.net", f"v=spf1 ip4:{HERE} -all")
    world.dns.txt("_dmarc.example.net", "v=DMARC1; p=quarantine; sp=none; adkim=s; fo=1:d; rua=mailto:r@example.net")
    assert (await world.receive(MESSAGE)).action is Action.ACCEPT
    (content,) = await world.inbox()
    assert results_of(content) == [
        "spf=pass smtp.mailfrom=bob@example.net",
        "dkim=none",
        "dmarc=pass header.from=example.net",
    ]
    assert world.events.names() == ["SenderChecked", "MessageDelivered", "MessageReceived"]
    event = checked(world)
    assert (event.remote, event.helo, event.reverse_path) == (HERE, "mail.example.net", "bob@example.net")
    assert event.recipient_domains == ("example.test",)
    assert (event.spf, event.spf_scope, event.spf_domain, event.spf_cause) == (
        "pass",
        "mfrom",
        "example.net",
        f"ip4:{HERE}",
    )
    assert (event.header_from, event.dmarc, event.dmarc_spf, event.dmarc_dkim) == ("example.net", "pass", True, False)
    assert (event.policy_domain, event.p, event.sp, event.np) == ("example.net", "quarantine", "none", "")
    assert (event.adkim, event.aspf, event.fo, event.is_testing) == ("s", "r", "1:d", False)
    assert event.rua == ("r@example.net",)
    assert (event.disposition, event.override) == ("pass", "")


async def test_forged_mail_is_refused_and_the_reply_names_the_domain(world: World) -> None:
    publish_bank(world)
    verdict = await world.receive(FORGED)
    assert (verdict.reply.code, verdict.reply.enhanced) == (550, "5.7.1")
    assert verdict.reply.lines[0].startswith("bank.example ")
    assert "postmaster@bank.example" in verdict.reply.lines[-1]
    assert await world.inbox() == []
    event = checked(world)
    assert (event.dmarc, event.disposition, event.header_from) == ("fail", "reject", "bank.example")
    refused = world.events.events[-1]
    assert isinstance(refused, MessageRefused)
    assert (refused.reason, refused.detail) == ("dmarc_reject", "bank.example")


async def test_what_the_owner_wants_quarantined_is_in_junk(world: World) -> None:
    publish_bank(world, "v=DMARC1; p=quarantine")
    assert (await world.receive(FORGED, "alice@example.test", "bob@example.test")).reply == reply.ACCEPTED
    assert await world.inbox() == []
    for name in ("alice", "bob"):
        (content,) = await world.inbox(name, "Junk")
        assert "dmarc=fail header.from=bank.example" in results_of(content)
    assert checked(world).disposition == "quarantine"


@pytest.mark.parametrize(("policy", "mailbox"), [("reject", "Junk"), ("quarantine", "INBOX")])
async def test_a_policy_in_test_mode_is_one_level_down(world: World, policy: str, mailbox: str) -> None:
    publish_bank(world, f"v=DMARC1; p={policy}; t=y")
    assert (await world.receive(FORGED)).reply == reply.ACCEPTED
    assert len(await world.inbox("alice", mailbox)) == 1
    event = checked(world)
    assert (event.override, event.is_testing, event.p) == ("policy_test_mode", True, policy)


async def test_a_signature_of_the_author_is_enough(world: World) -> None:
    publish_key(world)
    assert (await world.receive(signed(), remote="203.0.113.9")).reply == reply.ACCEPTED
    (content,) = await world.inbox()
    assert results_of(content)[1:] == [
        "dkim=pass header.d=example.org header.i=@example.org header.s=e1 header.a=ed25519-sha256",
        "dmarc=pass header.from=example.org",
    ]
    event = checked(world)
    assert event.dkim == ("pass d=example.org s=e1 a=ed25519-sha256 bits=256 reason=verified",)
    assert (event.dmarc_dkim, event.dmarc_spf) == (True, False)


async def test_what_dns_has_told_before_is_not_asked_again(world: World) -> None:
    publish_key(world)
    world.dns.txt("example.net", f"v=spf1 ip4:{HERE} -all")
    world.dns.is_remembering = True
    assert (await world.receive(signed())).reply == reply.ACCEPTED
    assert (checked(world).spf, checked(world).dmarc) == ("pass", "pass")
    assert world.dns.asked == []


async def test_no_octet_of_a_signed_message_can_be_changed(world: World) -> None:
    """Header and body alike; white space excepted, where relaxed canonicalization allows for more or less."""
    publish_key(world)
    message = signed()
    assert (await world.receive(message)).reply.code == 250
    passed = []
    for place in range(message.index(b"From:") + len(b"From: "), len(message), 2):
        if message[place : place + 1].isspace():
            continue
        changed = message[:place] + bytes((message[place] ^ 1,)) + message[place + 1 :]
        world.events.events.clear()
        verdict = await world.receive(changed)
        if checked(world).header_from == "example.org" and verdict.reply.is_positive:
            passed.append(place)
    assert passed == []


async def test_a_second_from_that_nobody_signed_passes_nothing(world: World) -> None:
    publish_key(world)
    for second in (b"From: joe@example.org\r\n", b"From: ceo@bank.example\r\n"):
        message = dkim.handmade(
            "v=1; a=ed25519-sha256; d=example.org; s=e1; c=relaxed/relaxed; h=From",
            dkim.MESSAGE.replace(b"joe@football.example.com", b"joe@example.org"),
        )
        world.events.events.clear()
        assert (await world.receive(second + message)).reply.code == 550
        assert checked(world).from_problem == "several_from"


async def test_two_domains_in_from_are_both_asked(world: World) -> None:
    publish_bank(world)
    world.dns.txt("example.net", f"v=spf1 ip4:{HERE} -all")
    world.dns.txt("_dmarc.example.net", "v=DMARC1; p=none")
    both = MESSAGE.replace(b"From: Bob <bob@example.net>", b"From: bob@example.net, ceo@bank.example")
    assert (await world.receive(both)).reply.code == 550
    event = checked(world)
    assert (event.dmarc, event.from_problem) == ("permerror", "several_domains")


async def test_mail_of_a_domain_without_policy_is_delivered(world: World) -> None:
    assert (await world.receive(MESSAGE)).action is Action.ACCEPT
    (content,) = await world.inbox()
    assert results_of(content) == [
        'spf=none reason="no_record" smtp.mailfrom=bob@example.net',
        "dkim=none",
        "dmarc=none header.from=example.net",
    ]
    assert checked(world).disposition == "none"


async def test_of_a_null_reverse_path_the_name_of_the_server_is_asked(world: World) -> None:
    world.dns.txt("mail.example.net", f"v=spf1 ip4:{HERE} -all")
    await world.receive(MESSAGE, reverse_path="")
    event = checked(world)
    assert (event.spf, event.spf_scope, event.spf_domain) == ("pass", "helo", "mail.example.net")


# -- faults -----------------------------------------------------------------------------------------------------------


async def test_silent_dns_is_a_temporary_error_and_the_mail_is_delivered(world: World) -> None:
    for name in ("example.net", "_dmarc.example.net"):
        world.dns.silent(name)
    assert (await world.receive(MESSAGE)).reply == reply.ACCEPTED
    (content,) = await world.inbox()
    assert results_of(content)[0] == 'spf=temperror reason="dns" smtp.mailfrom=bob@example.net'
    assert results_of(content)[2].startswith("dmarc=temperror")
    assert (checked(world).dmarc, checked(world).disposition) == ("temperror", "none")


async def test_silent_dns_defers_where_the_setting_says_so(world: World) -> None:
    world.sender_auth = SenderAuth(on_temperror="defer")
    world.dns.silent("_dmarc.example.net")
    verdict = await world.receive(MESSAGE)
    assert verdict.reply == reply.SENDER_UNKNOWN
    assert await world.inbox() == []
    world.dns.txt("_dmarc.example.net", "v=DMARC1; p=none")
    assert (await world.receive(MESSAGE)).reply == reply.ACCEPTED


async def test_what_could_have_been_proven_is_not_refused(world: World) -> None:
    """RFC 9989 5.3.6: the key of the author's domain cannot be had now."""
    publish_key(world)
    world.dns.silent("e1._domainkey.example.org")
    assert (await world.receive(signed())).reply == reply.ACCEPTED
    event = checked(world)
    assert (event.dmarc, event.p, event.disposition) == ("temperror", "reject", "none")
    world.events.events.clear()
    world.sender_auth = SenderAuth(on_temperror="defer")
    assert (await world.receive(signed())).reply == reply.SENDER_UNKNOWN


async def test_a_forger_gains_nothing_by_a_domain_of_his_own_that_is_silent(world: World) -> None:
    publish_bank(world)
    world.dns.silent("evil.example")
    world.dns.silent("e1._domainkey.example.org")
    message = dkim.signed(FORGED)
    assert (await world.receive(message, reverse_path="x@evil.example")).reply.code == 550
    assert checked(world).spf == "temperror"


@pytest.mark.parametrize("name", ["check_host", "signature_checks", "dmarc_of", "chain_check"])
async def test_a_bug_in_a_check_is_recorded_and_costs_no_mail(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_key(world)

    def broken(*_: object, **__: object) -> object:
        def failing() -> Iterator[object]:
            raise ZeroDivisionError

        def check() -> Iterator[object]:
            yield from failing()

        return (check(),) if name == "signature_checks" else check()

    seal = b"ARC-Seal: i=1; a=rsa-sha256; d=x.example; s=s; cv=none; b=YQ==\r\n"
    monkeypatch.setattr(senders, name, broken)
    assert (await world.receive(seal + signed())).reply == reply.ACCEPTED
    assert len(await world.inbox()) == 1
    assert isinstance(world.events.events[0], BugCaught)
    assert isinstance(world.events.events[-1], MessageReceived)


async def test_a_bug_with_reading_signatures_leaves_the_policy_undecided(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_key(world)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(signatures, "read_signed", broken)
    assert (await world.receive(signed())).reply == reply.ACCEPTED
    event = checked(world)
    assert (event.dmarc, event.dkim) == ("temperror", ("temperror d= s= a= bits=0 reason=not_checked",))
    assert "BugCaught" in world.events.names()


async def test_a_bug_of_the_resolver_is_one_too(world: World) -> None:
    world.dns.bug = ZeroDivisionError()
    assert (await world.receive(dkim.signed())).reply == reply.ACCEPTED
    assert (checked(world).spf, checked(world).dmarc) == ("temperror", "temperror")


# -- local overrides --------------------------------------------------------------------------------------------------

OVERRIDES: list[tuple[Override, Callable[[World], None], bool]] = [
    (Override(network="192.0.2.0/24", note="alumni"), lambda _: None, True),
    (Override(network="203.0.113.0/24"), lambda _: None, False),
    (Override(domain="example.net", reason="mailing_list"), lambda _: None, False),  # claimed, not proven
    (
        Override(domain="Example.NET", reason="mailing_list"),
        lambda world: world.dns.txt("example.net", f"v=spf1 ip4:{HERE} -all"),
        True,
    ),
]


@pytest.mark.parametrize(("override", "prepare", "is_delivered"), OVERRIDES)
async def test_a_known_forwarder_is_let_in_with_the_reason(
    world: World, override: Override, prepare: Callable[[World], None], is_delivered: bool
) -> None:
    publish_bank(world)
    prepare(world)
    world.sender_auth = SenderAuth(overrides=(override,))
    assert (await world.receive(FORGED)).reply.is_positive is is_delivered
    event = checked(world)
    assert event.override == (override.reason if is_delivered else "")
    assert event.disposition == ("none" if is_delivered else "reject")
    assert len(await world.inbox()) == is_delivered


async def test_a_forwarder_is_known_by_its_signature_too(world: World) -> None:
    publish_bank(world)
    publish_key(world)
    world.sender_auth = SenderAuth(overrides=(Override(domain="example.org"),))
    assert (await world.receive(dkim.signed(FORGED))).reply == reply.ACCEPTED
    assert (checked(world).override, checked(world).comment) == ("trusted_forwarder", "example.org")


SEALED = arc.seal(FORGED, said="dmarc=pass header.from=bank.example")
SEALERS = [
    (SEALED, ("Example.ORG",), True),
    (SEALED, ("elsewhere.example",), False),
    (SEALED, (), False),
    (SEALED.replace(b"Hello Alice", b"Hello Bob"), ("example.org",), False),
    (SEALED.replace(b"dmarc=pass", b"dmarc=fail"), ("example.org",), False),
    (arc.seal(FORGED, said="dmarc=pass header.from=example.net"), ("example.org",), False),
]


@pytest.mark.parametrize(("message", "sealers", "is_delivered"), SEALERS)
async def test_only_the_seal_of_a_listed_domain_is_believed(
    world: World, message: bytes, sealers: tuple[str, ...], is_delivered: bool
) -> None:
    publish_bank(world)
    publish_key(world)
    world.sender_auth = SenderAuth(arc_sealers=sealers)
    assert (await world.receive(message)).reply.is_positive is is_delivered
    event = checked(world)
    assert event.arc_sealers == ("example.org",)
    assert event.comment == ("arc=pass as[1].d=example.org" if is_delivered else "")
    if is_delivered:
        (content,) = await world.inbox()
        assert results_of(content)[-1] == "arc=pass"


async def test_nothing_is_carried_out_where_that_is_switched_off(world: World) -> None:
    publish_bank(world)
    world.sender_auth = SenderAuth(is_enforced=False)
    assert (await world.receive(FORGED)).reply == reply.ACCEPTED
    assert len(await world.inbox()) == 1
    assert (checked(world).override, checked(world).comment) == ("local_policy", "is_enforced = false")


async def test_a_fail_of_spf_alone_is_recorded_and_refused_only_on_demand(world: World) -> None:
    world.dns.txt("example.net", "v=spf1 exp=why.example.net -all")
    world.dns.txt("why.example.net", "Use the web form, %{i}")
    assert (await world.receive(MESSAGE)).reply == reply.ACCEPTED
    assert checked(world).spf == "fail"
    world.sender_auth = SenderAuth(is_spf_fail_refused=True)
    verdict = await world.receive(MESSAGE)
    assert (verdict.reply.code, verdict.reply.enhanced) == (550, "5.7.23")
    assert verdict.reply.lines[1] == "example.net explains: Use the web form, 192.0.2.1"


# -- the reverse path -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_proven", [True, False])
async def test_only_a_proven_reverse_path_may_be_told(world: World, is_proven: bool) -> None:
    if is_proven:
        world.dns.txt("example.net", f"v=spf1 ip4:{HERE} -all")
    seen = []
    command = world.delivery._copies.command

    async def spy(unit: object, facts: Transaction, *rest: object) -> object:
        seen.append(facts)
        return await command(unit, facts, *rest)  # type: ignore[arg-type]

    world.delivery._copies.command = spy  # type: ignore[method-assign,assignment]
    await world.receive(MESSAGE)
    assert [facts.is_proven for facts in seen] == [is_proven]
