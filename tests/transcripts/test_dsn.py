"""Tries each cell of the tables in docs/dsn.md through real delivery, queue and couriers, and checks whole reports."""

import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from skrytka.mail.queue.courier import GIVE_UP_MS
from skrytka.model.envelope import Notify, Ret
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import MessageReceived
from skrytka.model.ids import id_text
from skrytka.protocol.smtp.received import date_text
from skrytka.store.commands.deliver import Deliver
from skrytka.store.commands.outbound import Post
from tests.support.dsn import Dsn, reports
from tests.support.outside import EHLO, Answer, Outside, peer, to
from tests.support.tree import DOCS, table_rows
from tests.unit.mail.world import ACTOR, MESSAGE, World, fails

PAGE: Final = (DOCS / "dsn.md").read_text(encoding="utf-8")
DSN: Final = EHLO.replace(b"250 ENHANCED", b"250-DSN\r\n250 ENHANCED")
BUSY: Final = TransientError(Reason.STORE_BUSY)
LATE_S: Final = 100


def table(heading: str) -> list[list[str]]:
    """The first table below a heading, its own heading included."""
    text = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    first = [cell.strip() for cell in lines[0].strip("|").split("|")]
    return [first, *(row for row in table_rows(text) if len(row) == len(first))]


async def here(outside: Outside, notify: frozenset[Notify]) -> None:
    await outside.submit(to("bob@example.test", *notify), envid=_name(notify))


async def alias(outside: Outside, notify: frozenset[Notify]) -> None:
    await outside.submit(to("sales@example.test", *notify), envid=_name(notify))


async def group(outside: Outside, notify: frozenset[Notify]) -> None:
    await outside.submit(to("team@example.test", *notify), envid=_name(notify))


async def elsewhere(outside: Outside, notify: frozenset[Notify]) -> None:
    await outside.submit(to("x@example.net", *notify), envid=_name(notify))


async def elsewhere_later(outside: Outside, notify: frozenset[Notify]) -> None:
    await elsewhere(outside, notify)
    outside.world.clock.advance(LATE_S + 1)


async def failing(outside: Outside, notify: frozenset[Notify]) -> None:
    """Into the queue, and then nobody takes it for too long."""
    world = outside.world
    command = Post if Notify.SUCCESS in notify else Deliver
    world.store.failures[command] = fails(BUSY)
    await here(outside, notify)
    world.clock.advance(GIVE_UP_MS / 1000 + 1)
    world.store.failures[command] = fails(BUSY)
    assert await outside.local.run_once() == 1
    assert await outside.local.run_once() == 0


class Column:
    """How a column of the table comes about."""

    def __init__(
        self,
        send: Callable[[Outside, frozenset[Notify]], Awaitable[None]],
        answers: Mapping[str, Answer] | None = None,
        **settings: Any,
    ) -> None:
        self.send = send
        self.answers = answers or {}
        self.settings = settings


REFUSES: Final[Mapping[str, Answer]] = {"RCPT": b"550 5.1.1 who?\r\n"}
DEFERS: Final[Mapping[str, Answer]] = {"RCPT": b"450 4.7.1 later\r\n"}
COLUMNS: Final = {
    "here": Column(here),
    "alias here": Column(alias),
    "group here": Column(group),
    "taken by a server with DSN": Column(elsewhere, {"EHLO": DSN}),
    "taken by a server without DSN": Column(elsewhere),
    "refused elsewhere": Column(elsewhere, REFUSES),
    "late elsewhere": Column(elsewhere_later, DEFERS, delay_notice_s=LATE_S),
    "expired elsewhere": Column(elsewhere_later, DEFERS, delay_notice_s=0, expire_s=LATE_S),
    "here, and its mailbox fails for five days": Column(failing),
}


def _name(notify: frozenset[Notify]) -> str:
    """NOTIFY as the table has it."""
    return (
        ",".join(each for each in (Notify.NEVER, Notify.SUCCESS, Notify.FAILURE, Notify.DELAY) if each in notify)
        or "absent"
    )


async def _ready(world: World) -> None:
    await world.admin.aliases.add("sales@example.test", ["bob@example.test"], ACTOR)
    await world.admin.aliases.add("team@example.test", ["bob@example.test", "admin@example.test"], ACTOR)


def _cases() -> list[tuple[frozenset[Notify], ...]]:
    three = (Notify.SUCCESS, Notify.FAILURE, Notify.DELAY)
    sets = [frozenset(some) for size in range(4) for some in itertools.combinations(three, size)]
    return [(each,) for each in (*sets, frozenset({Notify.NEVER}))]


def test_the_table_has_every_notify_and_every_column_is_tried() -> None:
    heading, *rows = table("NOTIFY")
    assert sorted(row[0] for row in rows) == sorted(_name(notify) for (notify,) in _cases())
    assert heading[1:] == list(COLUMNS)


@pytest.mark.parametrize("name", COLUMNS)
async def test_the_sender_hears_what_the_table_says(world: World, name: str) -> None:
    column, (heading, *rows) = COLUMNS[name], table("NOTIFY")
    await _ready(world)
    async with peer(column.answers) as mx:
        outside = Outside(world, mx.port, **column.settings)
        for (notify,) in _cases():
            await column.send(outside, notify)
            await outside.courier.run_once()
            if name != "late elsewhere":
                continue
            await outside.courier.run_once()  # told once
    told = {dsn.envid: dsn.action for dsn in reports(await world.inbox())}
    place = heading.index(name)
    assert told == {row[0]: row[place] for row in rows if row[place] != "nothing"}
    assert len(reports(await world.inbox())) == len(told)
    _check_handed_on(mx.lines, is_dsn="EHLO" in column.answers)


def _check_handed_on(lines: list[str], *, is_dsn: bool) -> None:
    """RFC 3461 5.2.1 and 5.2.2 a."""
    rcpts = [line for line in lines if line.startswith("RCPT")]
    asked = {line.partition(" NOTIFY=")[2] or "absent" for line in rcpts}
    if rcpts and is_dsn:
        assert asked == {_name(notify) for (notify,) in _cases()}
    else:
        assert asked <= {"absent"}


async def test_nobody_hears_anything_of_mail_with_a_null_reverse_path(world: World) -> None:
    await _ready(world)
    async with peer(REFUSES) as mx:
        outside = Outside(world, mx.port)
        everything = (Notify.SUCCESS, Notify.FAILURE, Notify.DELAY)
        for address in ("bob@example.test", "team@example.test", "x@example.net"):
            await outside.submit(to(address, *everything), sender="", ret=Ret.FULL)
        await outside.courier.run_once()
    assert await outside.queue() == []
    assert [reports(await world.inbox(name)) for name in ("alice", "bob", "admin")] == [[], [], []]


async def test_nobody_hears_anything_of_mail_whose_reverse_path_is_not_proven(world: World) -> None:
    outside = Outside(world, 1)
    await _ready(world)
    await outside.submit(to("bob@example.test", Notify.SUCCESS), is_proven=False)
    world.store.failures[Deliver] = fails(BUSY)
    await outside.submit(to("bob@example.test", Notify.SUCCESS), is_proven=False)
    world.clock.advance(GIVE_UP_MS / 1000 + 1)
    world.store.failures[Deliver] = fails(BUSY)
    assert await outside.local.run_once() == 1
    assert await world.inbox() == []


@pytest.mark.parametrize("is_proven", [True, False])
async def test_a_stranger_is_told_of_what_was_given_up_when_his_reverse_path_is_proven(
    world: World, is_proven: bool
) -> None:
    outside = Outside(world, 1)
    await _ready(world)
    if is_proven:
        world.dns.txt("example.net", "v=spf1 ip4:192.0.2.1 -all")
    world.store.failures[Deliver] = fails(BUSY)
    message = outside.delivery.begin_checked()
    await message.write(MESSAGE)
    facts = msgspec.structs.replace(world.facts(), is_sender_checked=True)
    (found,) = await world.resolve("alice@example.test")
    asked = msgspec.structs.replace(found, asked=to("alice@example.test"))
    assert (await outside.delivery.deliver(facts, [asked], message)).reply.is_positive
    world.clock.advance(GIVE_UP_MS / 1000 + 1)
    world.store.failures[Deliver] = fails(BUSY)
    assert await outside.local.run_once() == 1
    assert len(await outside.queue()) == is_proven  # to bob@example.net, with a null reverse path


async def test_a_sender_elsewhere_is_told_through_the_queue_and_nobody_answers_a_report(world: World) -> None:
    async with peer({"EHLO": DSN, "RCPT": b"550 5.1.1 who?\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit(to("bob@example.test", Notify.SUCCESS), sender="carol@example.net")
        await outside.courier.run_once()
    said = [line for line in mx.lines if line.startswith(("MAIL", "RCPT"))]
    assert said[0].startswith("MAIL FROM:<> ")  # RFC 3461 6.1
    assert "RET=" not in said[0]
    assert said[1] == "RCPT TO:<carol@example.net> NOTIFY=NEVER"
    assert await outside.queue() == []  # and no report about the report
    assert await world.inbox() == []


# -- whole reports ------------------------------------------------------------------------------------------------

ORIGINALS: Final = {
    "": "",
    "rfc822;old+name@example.org": "Original-Recipient: rfc822; old+name@example.org\r\n",
    r"utf-8;\x{17C}@example.org": "Original-Recipient: utf-8; \\x{17C}@example.org\r\n",
}
BODY: Final = b"Hello\r\n.\r\nend\r\n"
WHERE: Final = {  # action -> to whom, what the other server says, status, what stands of the other server
    "failed": ("x@example.net", REFUSES, "5.1.1", "smtp; 550 5.1.1 who?"),
    "delayed": ("x@example.net", DEFERS, "4.7.1", "smtp; 450 4.7.1 later"),
    "relayed": ("x@example.net", {}, "2.6.0", "smtp; 250 2.6.0 taken"),
    "delivered": ("bob@example.test", {}, "2.0.0", ""),
    "expanded": ("team@example.test", {}, "2.0.0", ""),
}


def _message(number: int) -> bytes:
    return f"From: alice@example.test\r\nMessage-ID: <{number}@example.test>\r\nDate: x\r\n\r\n".encode() + BODY


@pytest.mark.parametrize("action", WHERE)
async def test_a_report_has_these_fields_and_no_other(world: World, action: str) -> None:
    address, answers, status, diagnostic = WHERE[action]
    heading, *rows = table("RET, ENVID and ORCPT")
    returned = {row[0]: row[heading.index(action)] for row in rows}
    arrived_ms = world.clock.now_ms()
    await _ready(world)
    notify = (Notify.SUCCESS, Notify.FAILURE, Notify.DELAY)
    cases = list(itertools.product((None, Ret.HEADERS, Ret.FULL), ("", "QQ3+1 =4"), ORIGINALS))
    async with peer(answers) as mx:
        outside = Outside(world, mx.port, delay_notice_s=1, expire_s=1000)
        for number, (ret, envid, original) in enumerate(cases):
            await outside.submit(
                to(address, *notify, original=original), message=_message(number), ret=ret, envid=envid
            )
        if action == "delayed":
            world.clock.advance(2)
        await outside.courier.run_once()
    traces = [
        id_text(event.trace) for event in world.events.events if isinstance(event, MessageReceived) and event.trace
    ]
    found = {dsn.header.partition("In-Reply-To: ")[2].split("\r\n")[0]: dsn for dsn in reports(await world.inbox())}
    assert len(found) == len(cases)
    for number, (ret, envid, original) in enumerate(cases):
        dsn = found[f"<{number}@example.test>"]
        remote = f"Remote-MTA: dns; mx.example.net\r\nDiagnostic-Code: {diagnostic}\r\n" if diagnostic else ""
        until = f"Will-Retry-Until: {date_text(arrived_ms + 1000_000)}\r\n" if action == "delayed" else ""
        assert dsn.status == (
            (f"Original-Envelope-Id: {envid}\r\n" if envid else "")
            + f"Reporting-MTA: dns; mx.example.test\r\nArrival-Date: {date_text(arrived_ms)}\r\n\r\n"
            + ORIGINALS[original]
            + f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n{remote}"
            + f"Last-Attempt-Date: {date_text(world.clock.now_ms())}\r\nFinal-Log-ID: {traces[number]}\r\n{until}"
        )
        assert dsn.status_type == "message/delivery-status"
        _check_returned(dsn, number, is_whole=returned[ret or "absent"] == "message")
        assert f"\r\nSubject: {SUBJECTS[action]}\r\n" in dsn.header
        assert address in dsn.text


SUBJECTS: Final = {
    "failed": "Your message could not be delivered",
    "delayed": "Your message is delayed",
    "relayed": "Your message was handed on",
    "delivered": "Your message was delivered",
    "expanded": "Your message was delivered to a group",
}


def _check_returned(dsn: Dsn, number: int, *, is_whole: bool) -> None:
    message = _message(number)
    if is_whole:
        assert (dsn.returned_type, dsn.returned) == ("message/rfc822", message)
    else:
        assert dsn.returned_type == "text/rfc822-headers"
        assert dsn.returned == message.removesuffix(BODY)


# -- beyond ASCII -------------------------------------------------------------------------------------------------

UTF8_HEADER: Final = MESSAGE.replace(b"Subject: Re: lunch", "Subject: Zażółć".encode())


class Beyond(NamedTuple):
    """A message with something beyond ASCII, and the report about it."""

    recipient: str
    original: str
    message: bytes
    ret: Ret | None
    status_type: str
    fields: tuple[str, ...]
    returned_type: str


BEYOND: Final = (
    Beyond(
        "zażółć@example.test",
        "utf-8;ż@example.org",
        UTF8_HEADER,
        None,
        "message/global-delivery-status",
        ("Original-Recipient: utf-8; ż@example.org", "Final-Recipient: utf-8; zażółć@example.test"),
        "message/global-headers",
    ),
    Beyond(
        "bob@example.test",
        "utf-8;ż@example.org",
        MESSAGE,
        None,
        "message/delivery-status",
        (r"Original-Recipient: utf-8; \x{17C}@example.org", "Final-Recipient: rfc822; bob@example.test"),
        "text/rfc822-headers",
    ),
    Beyond(
        "x@example.net",
        "",
        UTF8_HEADER,
        Ret.FULL,
        "message/delivery-status",
        ("Final-Recipient: rfc822; x@example.net",),
        "message/global",
    ),
    Beyond(
        "ż@example.net",
        "",
        MESSAGE,
        Ret.FULL,
        "message/global-delivery-status",
        ("Final-Recipient: utf-8; ż@example.net", "Status: 5.6.7"),
        "message/rfc822",
    ),
)


@pytest.mark.parametrize("case", BEYOND, ids=[case.recipient for case in BEYOND])
async def test_internationalised_reports_have_their_own_types(world: World, case: Beyond) -> None:
    await world.admin.aliases.add("zażółć@example.test", ["bob@example.test"], ACTOR)
    async with peer(REFUSES) as mx:
        outside = Outside(world, mx.port)
        asked = to(case.recipient, Notify.SUCCESS, Notify.FAILURE, original=case.original)
        await outside.submit(asked, message=case.message, is_smtputf8=True, ret=case.ret)
        await outside.courier.run_once()
    (dsn,) = reports(await world.inbox())
    assert (dsn.status_type, dsn.returned_type) == (case.status_type, case.returned_type)
    for field in case.fields:
        assert f"\r\n{field}\r\n" in dsn.status
    kind = case.status_type.removeprefix("message/")
    assert f"Content-Type: multipart/report; report-type={kind};" in dsn.header
