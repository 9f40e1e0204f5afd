import pytest

from skrytka.mail.mailbox.types import FlagChange
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from tests.unit.mail.world import MESSAGE, World


async def test_a_new_account_has_the_usual_mailboxes(world: World) -> None:
    found = {info.name: info.special_use for info in await world.mailboxes.names(await world.account("alice"))}
    assert found == {
        "INBOX": "", "Sent": "\\Sent", "Drafts": "\\Drafts", "Trash": "\\Trash", "Junk": "\\Junk",
        "Archive": "\\Archive",
    }  # fmt: skip


async def test_status_counts_what_select_would_show(world: World) -> None:
    account = await world.account("alice")
    await world.deliver(MESSAGE)
    await world.deliver(MESSAGE)
    view = await world.mailboxes.open(account, "INBOX")
    await view.store_flags([1], FlagChange.ADD, SystemFlag.SEEN | SystemFlag.DELETED, [])
    info, status = await world.mailboxes.status(account, "inbox")
    snapshot = await view.snapshot()
    sizes = [row.size_bytes for row in await view.rows([1, 2], with_summary=False)]
    assert info.name == "INBOX"
    assert (status.messages, status.unseen, status.deleted) == (2, 1, 1)
    assert (status.size_bytes, status.uid_next, status.uid_validity) == (sum(sizes), 3, view.uid_validity)
    assert status.recent == 2
    assert status.highest_modseq == max(snapshot.modseqs) == snapshot.state
    await view.store_flags([1], FlagChange.REMOVE, SystemFlag.DELETED, [])
    assert (await world.mailboxes.status(account, "INBOX"))[1].deleted == 0


@pytest.mark.parametrize("name", ["Nothing", "sent", "", "INBOX/x", "\0"])
async def test_a_name_that_is_not_there_is_no_mailbox(world: World, name: str) -> None:
    account = await world.account("alice")
    with pytest.raises(PermanentError) as caught:
        await world.mailboxes.status(account, name)
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX
    with pytest.raises(PermanentError) as caught:
        await world.mailboxes.open(account, name)
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX


async def test_watchers_hear_of_their_account_only_until_they_stop(world: World) -> None:
    heard: list[str] = []
    stop = world.mailboxes.watch(await world.account("alice"), lambda: heard.append("alice"))
    await world.deliver(MESSAGE, "bob@example.test")
    assert heard == []
    await world.deliver(MESSAGE)
    assert heard == ["alice"]
    stop()
    await world.deliver(MESSAGE)
    assert heard == ["alice"]


async def test_status_counts_as_recent_what_no_session_was_told_of(world: World) -> None:
    account = await world.account("alice")
    for _ in range(3):
        await world.deliver(MESSAGE)
    view = await world.mailboxes.open(account, "INBOX")

    async def recent() -> int:
        return (await world.mailboxes.status(account, "INBOX"))[1].recent

    assert await recent() == 3
    assert await view.claim_recent(1) == 0
    assert await recent() == 2
    assert view.claim_recent_soon(2) == 1
    assert await recent() == 1
    assert await view.claim_recent(3) == 2
    assert await recent() == 0
