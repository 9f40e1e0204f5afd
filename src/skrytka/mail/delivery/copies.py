"""One recipient's copy of a message: its own header fields, sealed summary, wrapped key and thread keys."""

import asyncio
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.prefix import prefix_fields
from skrytka.mail.delivery.summary import Insides
from skrytka.mail.delivery.types import Target, Transaction
from skrytka.mail.mailbox.names import name_mac, seal_name
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import EmailId, ThreadId, UnitId, new_id
from skrytka.store.commands.deliver import Deliver, QueueDone
from skrytka.store.commands.deliver import Target as Copy
from skrytka.store.commands.shared import BlobIn, NewFolder
from skrytka.store.rows import Role
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind
from skrytka.store.seal.source import KeySource

TARGETS_AT_ONCE: Final = 20  # about a millisecond
QUARANTINE: Final = "\0quarantine"
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
        insides: Insides,
        done: QueueDone | None = None,
    ) -> Deliver:
        """Poisoned insides go to the hidden quarantine mailboxes. TransientError(KEY_UNAVAILABLE): no key agent."""
        copies: list[Copy] = []
        threads = thread_keys(sealed.scan)
        for number, (recipient, target) in enumerate(targets):
            if number % TARGETS_AT_ONCE == TARGETS_AT_ONCE - 1:
                await asyncio.sleep(0)  # a large group must not hold up the other sessions
            keys = await self._keys.account(target.account)
            prefix = prefix_fields(facts, recipient, target.address, hostname=self._hostname)
            copies.append(self._copy(keys, prefix, sealed, insides, threads, facts))
        return Deliver(unit=unit, blob=blob_in(sealed.blob), targets=tuple(copies), done=done)

    def _copy(
        self,
        keys: AccountKeys,
        prefix: bytes,
        sealed: Sealed,
        insides: Insides,
        threads: Sequence[bytes],
        facts: Transaction,
    ) -> Copy:
        email_id = EmailId(new_id(self._clock, self._random))
        blob = sealed.blob
        return Copy(
            account=keys.account,
            role=Role.JUNK if facts.is_junk else Role.INBOX,
            wrapped_key=keys.wrap_blob_key(blob.blob_id, email_id, blob.key),
            prefix=keys.seal(Kind.PREFIX, email_id, prefix),
            prefix_size=len(prefix),
            size=len(prefix) + blob.size,
            summary=keys.seal(Kind.SUMMARY, email_id, insides.behind(len(prefix))),
            digest=keys.mac(MacKind.DIGEST, blob.sha256),
            email_id=email_id,
            thread_macs=tuple(keys.mac(MacKind.THREAD, key) for key in threads),
            thread_id=ThreadId(new_id(self._clock, self._random)),
            received_at_ms=facts.received_at_ms,
            text=keys.seal(Kind.TEXT, email_id, insides.text) if insides.text else b"",
            folder=None if insides.poison is None else quarantine(keys),
        )


def quarantine(keys: AccountKeys) -> NewFolder:
    """The mailbox of an account that no client sees; no mailbox of a client's can have its name."""
    return NewFolder(Role.QUARANTINE, name_mac(keys, QUARANTINE), seal_name(keys, QUARANTINE))


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
