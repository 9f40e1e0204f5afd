"""Sequence numbers change only when the client was told (RFC 9051 7.4.1, 7.5.1, 7.5.2)."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from skrytka.mail.mailbox.types import MailboxInfo
from skrytka.model.flags import KEYWORDS_MAX
from skrytka.model.ids import AccountId, MailboxId
from skrytka.protocol.imap.sets import SequenceSet
from skrytka.servers.imap import selected as selected_module
from skrytka.servers.imap.recent import RANGES_MAX
from skrytka.servers.imap.selected import Selected
from tests.support.imap_boxes import FakeMailbox, FakeMailboxes, FakeView


def box(count: int = 3) -> FakeMailbox:
    found = FakeMailbox(MailboxInfo("INBOX", MailboxId(1)))
    for _ in range(count):
        found.deliver(b"\r\n")
    return found


async def select(found: FakeMailbox) -> Selected:
    view = FakeView(found, FakeMailboxes())
    return Selected(view, await view.snapshot(), is_read_only=False)


async def select_rev1(found: FakeMailbox, *, is_read_only: bool = False) -> Selected:
    view = FakeView(found, FakeMailboxes())
    return Selected(view, await view.snapshot(), is_read_only=is_read_only, has_recent=True)


async def test_recent_is_told_with_exists_and_when_its_number_changes() -> None:
    found = box()
    found.recent_uid = 1
    selected = await select_rev1(found)
    assert await selected.claim_recent() == 2
    assert found.recent_uid == 3
    found.deliver(b"\r\n")
    assert await selected.changes(may_expunge=True) == [b"* 4 EXISTS\r\n", b"* 3 RECENT\r\n"]
    found.remove(1)
    assert await selected.changes(may_expunge=True) == [b"* 1 EXPUNGE\r\n"]
    found.remove(2)
    found.flag(3, 1)
    assert await selected.changes(may_expunge=True) == [
        b"* 1 EXPUNGE\r\n",
        b"* 2 RECENT\r\n",
        b"* 1 FETCH (UID 3 FLAGS (\\Seen \\Recent))\r\n",
    ]
    found.recent_uid = 5  # another session is told of the next one first
    found.deliver(b"\r\n")
    assert await selected.changes(may_expunge=True) == [b"* 3 EXISTS\r\n", b"* 2 RECENT\r\n"]
    assert selected.flags_text(2) == b"()"


async def test_examine_shows_what_is_recent_and_leaves_it_so() -> None:
    found = box()
    found.recent_uid = 1
    selected = await select_rev1(found, is_read_only=True)
    assert await selected.claim_recent() == 2
    found.deliver(b"\r\n")
    assert await selected.changes(may_expunge=True) == [b"* 4 EXISTS\r\n", b"* 3 RECENT\r\n"]
    assert found.recent_uid == 1


async def test_rev2_hears_of_nothing_recent_and_claims_nothing() -> None:
    found = box()
    found.recent_uid = 1
    selected = await select_rev1(found)
    await selected.claim_recent()
    selected.forget_recent()
    found.deliver(b"\r\n")
    found.flag(3, 1)
    assert await selected.changes(may_expunge=True) == [
        b"* 4 EXISTS\r\n",
        b"* 3 FETCH (UID 3 FLAGS (\\Seen))\r\n",
    ]
    assert found.recent_uid == 3


async def test_where_sessions_have_taken_turns_for_long_the_others_are_left_to_claim() -> None:
    found = box(0)
    selected = await select_rev1(found)
    for _ in range(RANGES_MAX + 1):
        found.deliver(b"\r\n")  # told first to another
        found.recent_uid = found.uid_next - 1
        await selected.changes(may_expunge=True)
        found.deliver(b"\r\n")
        await selected.changes(may_expunge=True)
    assert selected.recent.count(selected.known.uids) == RANGES_MAX
    assert found.recent_uid == found.uid_next - 2


async def test_nothing_new_is_nothing_said() -> None:
    selected = await select(box())
    assert await selected.changes(may_expunge=True) == []


async def test_news_are_told_once() -> None:
    found = box()
    selected = await select(found)
    found.deliver(b"\r\n")
    found.flag(1, 3)
    found.remove(2)
    assert await selected.changes(may_expunge=True) == [
        b"* 2 EXPUNGE\r\n",
        b"* 3 EXISTS\r\n",
        b"* 1 FETCH (UID 1 FLAGS (\\Seen \\Answered))\r\n",
    ]
    assert await selected.changes(may_expunge=True) == []


async def test_a_removed_message_keeps_its_number_until_it_may_be_told() -> None:
    found = box()
    selected = await select(found)
    found.remove(1)
    assert await selected.changes(may_expunge=False) == []
    found.deliver(b"\r\n")
    found.flag(3, 1)
    assert await selected.changes(may_expunge=False) == [
        b"* 4 EXISTS\r\n",
        b"* 3 FETCH (UID 3 FLAGS (\\Seen))\r\n",
    ]
    assert list(selected.known.uids) == [1, 2, 3, 4]
    assert await selected.changes(may_expunge=True) == [b"* 1 EXPUNGE\r\n"]
    assert list(selected.known.uids) == [2, 3, 4]


async def test_flags_that_the_client_has_set_are_not_told_back() -> None:
    found = box()
    selected = await select(found)
    found.flag(1, 1)
    found.flag(2, 8)
    lines = await selected.changes(may_expunge=True, expected=array("Q", [1, 1, 0]))
    assert lines == [b"* 2 FETCH (UID 2 FLAGS (\\Deleted))\r\n"]


async def test_an_expected_change_that_did_not_happen_is_told() -> None:
    found = box()
    selected = await select(found)
    found.deliver(b"\r\n")
    lines = await selected.changes(may_expunge=True, expected=array("Q", [1, 0, 0]))
    assert lines == [b"* 4 EXISTS\r\n", b"* 1 FETCH (UID 1 FLAGS ())\r\n"]


async def test_new_keywords_are_told_before_they_are_used() -> None:
    found = box(1)
    selected = await select(found)
    found.keywords = ("work",)
    found.flag(1, 1 << 8)
    assert await selected.changes(may_expunge=True) == [
        b"* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft work)\r\n",
        b"* OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft work \\*)] flags that stay\r\n",
        b"* 1 FETCH (UID 1 FLAGS (work))\r\n",
    ]


async def test_the_saved_result_is_kept_by_uid() -> None:
    found = box()
    selected = await select(found)
    selected.saved = (1, 3)
    found.remove(1)
    await selected.changes(may_expunge=True)
    wanted = SequenceSet(is_saved_result=True)
    assert selected.indexes(wanted, is_uid=False) == selected.indexes(wanted, is_uid=True) == [range(1, 2)]


async def test_the_saved_result_joins_what_is_named() -> None:
    selected = await select(box())
    selected.saved = (2,)
    wanted = SequenceSet(((1, 1),), is_saved_result=True)
    assert selected.indexes(wanted, is_uid=False) == selected.indexes(wanted, is_uid=True) == [range(2)]


async def test_the_star_stays_when_all_keywords_are_used_up() -> None:
    """RFC 9051 7.1, PERMANENTFLAGS: a new one may take the place of one that no message has."""
    found = box(1)
    selected = await select(found)
    found.keywords = tuple(f"k{number}" for number in range(KEYWORDS_MAX))
    found.flag(1, 1)
    (line,) = [line for line in await selected.changes(may_expunge=True) if b"PERMANENTFLAGS" in line]
    assert line.endswith(b" k39 \\*)] flags that stay\r\n")


def test_read_only_has_no_permanent_flags() -> None:
    view = FakeView(box(), FakeMailboxes())
    assert Selected(view, view.box.snapshot(), is_read_only=True).permanent_flags() == b""
    assert Selected(view, view.box.snapshot(), is_read_only=False).permanent_flags().endswith(b" \\*")


Steps = st.lists(
    st.one_of(
        st.just(("deliver", 0)),
        st.tuples(st.just("remove"), st.integers(1, 12)),
        st.tuples(st.just("flag"), st.integers(1, 12)),
        st.tuples(st.just("tell"), st.integers(0, 1)),
    ),
    max_size=40,
)


@pytest.mark.parametrize("start", [0, 4])
@pytest.mark.parametrize("step", [2, selected_module.STEP])
@given(steps=Steps)
async def test_a_client_that_believes_us_ends_up_right(start: int, step: int, steps: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selected_module, "STEP", step)
        await _believed(start, steps)


async def _believed(start: int, steps: list[tuple[str, int]]) -> None:
    found = box(start)
    selected = await select(found)
    client = [message.uid for message in found.messages]  # what the client counts, by UID
    for kind, number in [*steps, ("tell", 1)]:
        if kind == "deliver":
            found.deliver(b"\r\n")
        elif kind == "remove":
            found.remove(number)
        elif kind == "flag":
            found.flag(number, number)
        else:
            _believe(client, await selected.changes(may_expunge=bool(number)), selected)
    assert client == [message.uid for message in found.messages]


def _believe(client: list[int], lines: list[bytes], selected: Selected) -> None:
    for line in lines:
        words = line.split()
        if words[2] == b"EXPUNGE":
            del client[int(words[1]) - 1]
        elif words[2] == b"EXISTS":
            assert int(words[1]) > len(client)
            client += selected.known.uids[len(client) : int(words[1])]
        else:
            assert client[int(words[1]) - 1] == int(words[4])
    assert client == list(selected.known.uids)


@pytest.mark.parametrize(
    ("rights", "flags"),
    [
        ("lrs", b"\\Seen"),
        ("lrt", b"\\Deleted"),
        ("lrw", b"\\Answered \\Flagged \\Draft \\*"),
        ("lrstw", b"\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*"),
        ("lri", b""),
    ],
)
async def test_in_anothers_mailbox_flags_stay_that_may_be_changed(rights: str, flags: bytes) -> None:
    """RFC 4314 5.1.1."""
    view = FakeView(box(), FakeMailboxes())
    view.info = replace(view.info, owner=AccountId(7), rights=rights)
    assert Selected(view, await view.snapshot(), is_read_only=False).permanent_flags() == flags
    assert Selected(view, await view.snapshot(), is_read_only=True).permanent_flags() == b""
