"""Messages in files, with a real inspector for From; what is asked is a zone."""

import asyncio
import io
import os
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from skrytka.daemon import mail_check
from skrytka.daemon import resolver as resolvers
from skrytka.daemon.layout import Layout
from skrytka.daemon.mail_check import FROM_FIELDS_MAX, OwnInspector, Session, checker
from skrytka.inspect.wire import INLINE_MAX_BYTES
from skrytka.model.dns import Server
from skrytka.model.errors import PermanentError, Reason
from skrytka.net.dns.stub import StubResolver
from skrytka.net.dns.zone import StaticZone
from skrytka.protocol.mailauth.facts import MessageFacts
from skrytka.store.system import SystemClock
from tests.support import installations
from tests.support.dkim import MESSAGE, NOW_S, ed25519_key, rsa_key, signed

ZONE = f"""
example.org: [{{TXT: v=spf1 ip4:192.0.2.1 -all}}]
_dmarc.example.org: [{{TXT: v=DMARC1; p=reject}}]
_dmarc.bank.example: [{{TXT: v=DMARC1; p=reject}}]
{rsa_key().record_name}: [{{TXT: "{rsa_key().record}"}}]
{ed25519_key().record_name}: [{{TXT: "{ed25519_key().record}"}}]
"""
OURS = MESSAGE.replace(b"joe@football.example.com", b"joe@example.org", 1)
SESSION = Session(ip_address("192.0.2.1"), "mail.example.org", "joe@example.org")


def check(tmp_path: Path, *messages: bytes, session: Session | None = None) -> Sequence[MessageFacts]:
    zone = tmp_path / "zone.yml"
    zone.write_text(ZONE)

    async def run() -> list[MessageFacts]:
        async with checker(Layout(tmp_path / "none"), zone, session, NOW_S) as made:
            return [await made.check(io.BytesIO(message)) for message in messages]

    return asyncio.run(run())


def test_a_message_is_checked_in_every_way_whatever_its_line_ends(tmp_path: Path) -> None:
    message = signed(signed(OURS, rsa_key()))
    whole, unix = check(tmp_path, message, message.replace(b"\r\n", b"\n"), session=SESSION)
    assert whole == unix
    assert [whole.spf.result, whole.dmarc.result, *(each.result for each in whole.dkim)] == ["pass"] * 4


@pytest.mark.parametrize(
    ("header", "reason", "disposition"),
    [
        (b"Subject: x\r\n", "no_from", "none"),
        (b"From: joe@example.org\r\nFrom: ceo@bank.example\r\n", "several_from", "reject"),
        (b"From: joe@other.example\r\n" * (FROM_FIELDS_MAX + 9), "several_from", "none"),
        (b"From: joe@other.example, ceo@bank.example\r\n", "several_domains", "reject"),
        (b"From: undisclosed:;\r\n", "no_address", "none"),
        (b"From: joe@[192.0.2.1]\r\n", "bad_domain", "none"),
        (b"From: " + b"a@b.example, " * 200 + b"\r\n", "too_many", "none"),
        (b"From: " + b"(" * INLINE_MAX_BYTES + b"\r\n", "too_many", "none"),
        (b'From: "ceo@bank.example" <joe@other.example>\r\n', "", "none"),
        (b"From: =?utf-8?q?ceo=40bank.example?= <ceo@bank.example>\r\n", "", "reject"),
        (b"fRoM \t: ceo@(comment)bank.example (other.example)\r\n", "", "reject"),
    ],
)
def test_from_is_read_by_an_inspector(tmp_path: Path, header: bytes, reason: str, disposition: str) -> None:
    (found,) = check(tmp_path, header + b"\r\nbody\r\n")
    assert (found.dmarc.reason, found.dmarc.disposition) == (reason, disposition)
    assert (found.dmarc.result == "permerror") == bool(reason)


@pytest.mark.parametrize(
    ("helo", "mail_from", "scope", "domain", "result"),
    [
        ("mail.example.org", "joe@example.org", "mfrom", "example.org", "pass"),
        ("mail.example.org", "@example.org", "mfrom", "example.org", "pass"),
        ("example.org", "", "helo", "example.org", "pass"),
        ("[192.0.2.1]", "", "helo", "[192.0.2.1]", "none"),
        ("x", "joe@żółw.example", "mfrom", "xn--w-uga1v8h.example", "none"),
        ("x", "joe@" + "ż" * 300 + ".example", "mfrom", "ż" * 300 + ".example", "none"),
    ],
)
def test_spf_is_asked_as_a_session_would(
    tmp_path: Path, helo: str, mail_from: str, scope: str, domain: str, result: str
) -> None:
    (found,) = check(tmp_path, OURS, session=Session(ip_address("192.0.2.1"), helo, mail_from))
    assert (found.spf.scope, found.spf.domain, found.spf.result) == (scope, domain, result)


def test_the_inspector_and_its_zygote_are_gone_afterwards() -> None:
    async def run() -> int:
        with OwnInspector(SystemClock()) as inspector:
            assert await inspector.get().mailboxes(b"a@b.example")
            assert inspector.get() is inspector.get()
            assert inspector._process is not None
            return inspector._process.pid

    pid = asyncio.run(run())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_without_from_no_inspector_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("started")

    monkeypatch.setattr(mail_check, "start_zygote", refuse)
    assert check(tmp_path, b"Subject: x\r\n\r\n")[0].dmarc.reason == "no_from"


def test_a_zone_that_is_none_is_told(tmp_path: Path) -> None:
    async def run(zone: Path) -> None:
        async with checker(Layout(tmp_path), zone, None, None):
            raise AssertionError("used")

    with pytest.raises(PermanentError) as caught:
        asyncio.run(run(tmp_path / "missing.yml"))
    assert caught.value.reason is Reason.BAD_CONFIG


def test_without_a_zone_the_installation_says_whom_to_ask_else_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 192.0.2.53\n")
    monkeypatch.setattr(resolvers, "RESOLV_CONF", conf)

    async def resolver(root: Path) -> object:
        async with checker(Layout(root), None, None, None) as made:
            return made._resolver

    systems = asyncio.run(resolver(tmp_path / "none"))
    assert isinstance(systems, StubResolver)
    assert systems._servers == (Server("192.0.2.53"),)
    installations.make(tmp_path / "s")
    assert isinstance(asyncio.run(resolver(tmp_path / "s")), StaticZone | StubResolver)
