"""One recipient's copy of a message: its own header fields, sealed summary, wrapped key and thread keys."""

import asyncio
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.prefix import prefix_fields
from skrytka.mail.delivery.summary import SharedSummary
from skrytka.mail.delivery.types import Target, Transaction
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import EmailId, ThreadId, UnitId, new_id
from skrytka.store.commands.deliver import Deliver, QueueDone
from skrytka.store.commands.deliver import Target as Copy
from skrytka.store.commands.shared import BlobIn
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind
from skrytka.store.seal.source import KeySource

TARGETS_AT_ONCE: Final = 20  # about a millisecond
THREAD_KEYS_MAX: Final = 20  # Message-ID, the root and the newest References


class Copies:
    """Makes the Deliver command of a message."""

    def __init__(self, hostname: str, keys: KeySource, clock: Clock, random: Random) -> None:
        self._hostname = hostname
        self._keys = keys
        self._clock = clock
        self._random = random

    async def command(
        self,
        unit: UnitId,
        facts: Transaction,
        targets: Sequence[tuple[Address, Target]],
        sealed: Sealed,
        summary: SharedSummary,
        done: QueueDone | None = None,
    ) -> Deliver:
        """TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""
        copies: list[Copy] = []
        for number, (recipient, target) in enumerate(targets):
            if number % TARGETS_AT_ONCE == TARGETS_AT_ONCE - 1:
                await asyncio.sleep(0)  # a large group must not hold up the other sessions
            keys = await self._keys.account(target.account)
            prefix = prefix_fields(facts, recipient, target.address, hostname=self._hostname)
            copies.append(self._copy(keys, prefix, sealed, summary, facts.received_at_ms))
        return Deliver(unit=unit, blob=blob_in(sealed.blob), targets=tuple(copies), done=done)

    def _copy(self, keys: AccountKeys, prefix: bytes, sealed: Sealed, summary: SharedSummary, at_ms: int) -> Copy:
        email_id = EmailId(new_id(self._clock, self._random))
        blob = sealed.blob
        return Copy(
            account=keys.account,
            wrapped_key=keys.wrap_blob_key(blob.blob_id, email_id, blob.key),
            prefix=keys.seal(Kind.PREFIX, email_id, prefix),
            prefix_size=len(prefix),
            size=len(prefix) + blob.size,
            summary=keys.seal(Kind.SUMMARY, email_id, summary.behind(len(prefix))),
            digest=keys.mac(MacKind.DIGEST, blob.sha256),
            email_id=email_id,
            thread_macs=tuple(keys.mac(MacKind.THREAD, key) for key in thread_keys(sealed.scan)),
            thread_id=ThreadId(new_id(self._clock, self._random)),
            received_at_ms=at_ms,
        )


def thread_keys(scan: HeaderScan) -> list[bytes]:
    """Ids by which a thread is found again: the message's own, then the newest it answers, the root last."""
    references = scan.references
    newest_first = list(reversed(references))
    if len(newest_first) > THREAD_KEYS_MAX - 1:
        newest_first = [*newest_first[: THREAD_KEYS_MAX - 2], references[0]]
    return list(dict.fromkeys([*([scan.message_id] if scan.message_id else []), *newest_first]))


def blob_in(blob: SealedBlob) -> BlobIn:
    """The blob as the store takes it over."""
    name = PurePath(blob.spool_path).name if blob.spool_path else None
    return BlobIn(blob.blob_id, blob.size, blob.stored_size, blob.stored, name)
