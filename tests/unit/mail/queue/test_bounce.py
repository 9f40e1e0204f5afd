"""Who hears what: RFC 3461 4.1 and 6.2 as a table, through a real courier."""

import pytest

from skrytka.mail.queue.bounce import RETURN_FULL_BYTES
from skrytka.model.envelope import BodyType, Notify, Ret
from skrytka.model.events import ReportSent
from tests.support.outside import EHLO, Outside, peer, to
from tests.unit.mail.world import MESSAGE, World

DSN = EHLO.replace(b"250 ENHANCED", b"250-DSN\r\n250 ENHANCED")
NEVER, SUCCESS, FAILURE, DELAY = Notify.NEVER, Notify.SUCCESS, Notify.FAILURE, Notify.DELAY

# NOTIFY, does the hop know DSN, its answer to RCPT, is the delay over -> the action that is told ("" for none)
FATES = [
    ((), False, 250, ""),
    ((), True, 250, ""),
    ((SUCCESS,), False, 250, "relayed"),
    ((SUCCESS,), True, 250, ""),  # the hop has taken it over (RFC 3461 5.2.2)
    ((FAILURE,), False, 250, ""),
    ((NEVER,), False, 250, ""),
    ((), False, 550, "failed"),
    ((), True, 550, "failed"),
    ((FAILURE,), False, 550, "failed"),
    ((SUCCESS, FAILURE), True, 550, "failed"),
    ((SUCCESS,), False, 550, ""),
    ((DELAY,), False, 550, ""),
    ((NEVER,), False, 550, ""),
    ((), False, 451, "delayed"),
    ((DELAY,), True, 451, "delayed"),
    ((FAILURE,), False, 451, ""),
    ((SUCCESS,), False, 451, ""),
    ((NEVER,), False, 451, ""),
]


@pytest.mark.parametrize(("notify", "is_dsn", "code", "action"), FATES)
async def test_the_sender_hears_what_was_asked_for(
    world: World, notify: tuple[Notify, ...], is_dsn: bool, code: int, action: str
) -> None:
    async with peer({"RCPT": b"%d said\r\n" % code, "EHLO": DSN if is_dsn else EHLO}) as mx:
        outside = Outside(world, mx.port, delay_notice_s=1)
        await outside.submit(to("x@example.net", *notify, original="rfc822;old@example.org"), envid="E+1")
        world.clock.advance(2)
        await outside.courier.run_once()
    inbox = await world.inbox()
    assert len(inbox) == bool(action)
    if action:
        assert f"Action: {action}\r\n".encode() in inbox[0]
        assert b"Original-Recipient: rfc822; old@example.org\r\n" in inbox[0]
        assert b"Original-Envelope-Id: E+1\r\n" in inbox[0]
    told = [event for event in world.events.events if isinstance(event, ReportSent)]
    assert [event.actions for event in told] == ([(action,)] if action else [])
    asked = next(line for line in mx.lines if line.startswith("RCPT"))
    assert ("NOTIFY=" in asked) is (is_dsn and bool(notify))
    assert ("ORCPT=rfc822;old@example.org" in asked) is is_dsn
    assert ("ENVID=E+2B1" in mx.lines[1]) is is_dsn


@pytest.mark.parametrize(
    ("ret", "size", "is_whole"),
    [
        (None, 100, True),
        (None, RETURN_FULL_BYTES + 100, False),
        (Ret.FULL, RETURN_FULL_BYTES + 100, True),
        (Ret.HEADERS, 100, False),
    ],
)
async def test_ret_says_how_much_comes_back(world: World, ret: Ret | None, size: int, is_whole: bool) -> None:
    async with peer({"RCPT": b"550 no\r\n"}) as mx:
        outside = Outside(world, mx.port)
        body = MESSAGE + b"line\r\n" * (size // 6)
        await outside.submit("x@example.net", message=body, ret=ret)
        await outside.courier.run_once()
    (report,) = await world.inbox()
    assert (b"Hello Alice" in report) is is_whole
    assert (b"text/rfc822-headers" in report) is not is_whole
    assert b"Subject: Re: lunch" in report


async def test_of_binary_mail_the_header_comes_back(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        signed = b"DKIM-Signature: v=1\r\n" + MESSAGE + b"\n\r\xff"  # nobody may re-encode it
        await outside.submit("x@example.net", message=signed, body_type=BodyType.BINARY, ret=Ret.FULL)
        await outside.courier.run_once()
    (report,) = await world.inbox()
    assert b"Status: 5.6.3\r\n" in report
    assert b"text/rfc822-headers" in report
    assert mx.messages == []


async def test_the_report_has_the_id_of_what_it_is_about(world: World) -> None:
    async with peer({"RCPT": b"550 no\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        await outside.courier.run_once()
    (report,) = await world.inbox()
    assert b"In-Reply-To: <1@example.net>\r\n" in report
    assert report.count(b"Received: by mx.example.test") == 1
