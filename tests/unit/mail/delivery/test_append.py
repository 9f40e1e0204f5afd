"""APPEND on a real store: octets unchanged, a summary, its place."""

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import MessageAppended
from skrytka.model.ids import Uid, UnitId
from skrytka.store.commands import Deliver, SetQuota
from tests.unit.mail.world import World, fails

ODD = b"Subject: bare\nAuthentication-Results: mx.example.test; spf=pass\n\nline\n\0\rend"


async def append(world: World, raw: bytes, name: str = "Sent", cut: int = 7, at_ms: int | None = None) -> int:
    appending = await world.appends.begin(await world.account("alice"), name, 1, ["$x"], at_ms)
    try:
        for start in range(0, len(raw), cut):
            await appending.write(raw[start : start + cut])
        return (await appending.finish())[1]
    finally:
        await appending.abort()


async def read(world: World, uid: int, name: str = "Sent") -> bytes:
    view = await world.mailboxes.open(await world.account("alice"), name)
    content = await view.content(Uid(uid))
    raw = await content.read(0, content.size_bytes)
    content.close()
    view.close()
    return raw


@pytest.mark.parametrize("raw", [ODD, b"", b"Subject: x\r\n\r\nbody\r\n", b"no header at all"])
async def test_octets_stay_as_they_came(world: World, raw: bytes) -> None:
    uid = await append(world, raw)
    assert await read(world, uid) == raw
    assert [event.uid for event in world.events.events if isinstance(event, MessageAppended)] == [uid]


async def test_a_large_message_has_a_file_and_a_summary(world: World) -> None:
    raw = ODD + b"x" * 400_000
    uid = await append(world, raw, cut=100_000, at_ms=5)
    assert await read(world, uid) == raw
    view = await world.mailboxes.open(await world.account("alice"), "Sent")
    (row,) = await view.rows([uid], with_summary=True)
    assert row.summary is not None
    assert row.summary.fields[b"subject"] == b"Subject: bare\n"
    assert (row.received_at_ms, row.size_bytes) == (5, len(raw))
    assert (await view.snapshot()).keywords == ("$x",)
    assert list((await view.snapshot()).flags) == [1 | 1 << 8]
    view.close()


async def test_a_mailbox_that_is_not_there_or_went_away_gets_nothing(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await append(world, b"x", "Nowhere")
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX
    account = await world.account("alice")
    appending = await world.appends.begin(account, "Sent", 0, [], None)
    await world.mailboxes.folders.delete(account, "Sent")
    with pytest.raises(PermanentError) as caught:
        await appending.finish()
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX
    assert await world.inbox() == []


async def test_the_quota_holds(world: World) -> None:
    unit = UnitId(b"q" * 16)
    await world.store.submit(SetQuota(unit=unit, account=await world.account("alice"), quota_bytes=5))
    with pytest.raises(PermanentError) as caught:
        await append(world, b"123456")
    assert caught.value.reason is Reason.OVER_QUOTA
    assert await append(world, b"12345") == 1


async def test_a_full_disk_is_told_at_the_end(world: World) -> None:
    world.store.failures[Deliver] = fails(TransientError(Reason.DISK_FULL))
    with pytest.raises(TransientError):
        await append(world, b"x")


async def test_a_poisoned_message_is_refused_for_its_owner_has_it_still(world: World) -> None:
    world.inspector.poison = b"x"
    with pytest.raises(PermanentError) as caught:
        await append(world, b"Subject: x\r\n\r\n")
    assert caught.value.reason is Reason.POISONED
    assert await append(world, b"Subject: y\r\n\r\n") == 1
