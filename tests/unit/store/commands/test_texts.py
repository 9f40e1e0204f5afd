"""Merging search texts, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import EmailId
from skrytka.store.commands import MergeTexts
from skrytka.store.sql import messages, search_text
from tests.support.store import INBOX, StoreCase, deliver


async def test_a_chunk_takes_the_place_of_texts(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for number in range(3):
        await case.store.submit(deliver(case.ids, alice, text=b"sealed %d" % number))
    read = case.store.read
    emails = [row.email_id for row in await read(messages.by_uids(alice, INBOX, ((1, 9),)))]
    merge = MergeTexts(
        unit=case.ids.unit(), account=alice, chunk=2**62 - 1, sealed=b"chunk", emails=(*emails[:2], EmailId(b"n" * 16))
    )
    assert await case.store.submit(merge) == 2
    assert await read(search_text.places(alice, INBOX, 1, 9)) == [
        (1, emails[0], 2**62 - 1),
        (2, emails[1], 2**62 - 1),
        (3, emails[2], None),
    ]
    assert await read(search_text.texts(alice, INBOX, ((1, 9),))) == [(3, emails[2], b"sealed 2")]
    assert await read(search_text.text_sizes(alice, INBOX, 1, 9)) == [(3, len(b"sealed 2"))]
    assert await read(search_text.chunk(alice, 2**62 - 1)) == b"chunk"
    again = MergeTexts(unit=case.ids.unit(), account=alice, chunk=5, sealed=b"other", emails=tuple(emails[:2]))
    assert await case.store.submit(again) == 0
    assert await read(search_text.chunk(alice, 5)) is None


async def test_a_chunk_has_a_limit(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    emails = tuple(EmailId(case.ids()) for _ in range(257))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(MergeTexts(unit=case.ids.unit(), account=alice, chunk=1, sealed=b"", emails=emails))
    assert caught.value.reason is Reason.TOO_MANY
