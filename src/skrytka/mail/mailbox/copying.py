"""COPY and MOVE of any size between mailboxes of one account: pieces that keep the store's writer for a short time."""

import contextlib
from collections.abc import Sequence

from skrytka.mail.mailbox.names import name_mac
from skrytka.mail.mailbox.types import Copies
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, ReasonedError
from skrytka.model.events import Emitter, MessagesCopied
from skrytka.model.ids import MailboxId, UnitId, new_unit
from skrytka.store import ranges
from skrytka.store.api import Store
from skrytka.store.commands.copies import PIECE, CopyMessages, DropStaged, MoveMessages, PublishCopy, StageCopy
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.sql import mailboxes


class Copier:
    """One copy or move."""

    def __init__(self, store: Store, events: Emitter, clock: Clock, random: Random) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._random = random

    async def run(
        self, keys: AccountKeys, mailbox: MailboxId, uids: Sequence[int], target: str, *, is_move: bool
    ) -> Copies:
        """Ascending UIDs into the mailbox of that name; those that are gone are passed over.

        A copy happens whole or not at all (RFC 9051 6.4.7); of a move that fails midway, each message has moved or not.
        PermanentError(NO_SUCH_MAILBOX, OVER_QUOTA).
        """
        row = await self._store.read(mailboxes.by_name(keys.account, name_mac(keys, target)))
        if row is None:
            raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {keys.account}: target")
        if is_move:
            done = await self._moved(keys, mailbox, uids, row.mailbox, row.uidvalidity)
        elif len(pieces := list(ranges.pieces(uids, PIECE))) <= 1:
            done = await self._copied(keys, mailbox, pieces, row.mailbox)
        else:
            done = await self._staged(keys, mailbox, pieces, row.mailbox)
        if done.source:
            self._events.emit(
                MessagesCopied(
                    account=keys.account,
                    mailbox=mailbox,
                    target=row.mailbox,
                    count=len(done.source),
                    is_move=is_move,
                )
            )
        return done

    async def _copied(
        self, keys: AccountKeys, mailbox: MailboxId, pieces: Sequence[ranges.Ranges], target: MailboxId
    ) -> Copies:
        (uids,) = pieces or ((),)
        answer = await self._store.submit(
            CopyMessages(unit=self._unit(), account=keys.account, mailbox=mailbox, uids=uids, target=target)
        )
        source = _numbers(answer.source)
        return Copies(answer.uidvalidity, source, _from(answer.first_uid, len(source)))

    async def _moved(
        self, keys: AccountKeys, mailbox: MailboxId, uids: Sequence[int], target: MailboxId, uid_validity: int
    ) -> Copies:
        source: list[int] = []
        moved: list[int] = []
        for piece in ranges.pieces(uids, PIECE):
            command = MoveMessages(unit=self._unit(), account=keys.account, mailbox=mailbox, uids=piece, target=target)
            try:
                answer = await self._store.submit(command)
            except ReasonedError:
                if not source:
                    raise
                break  # what has moved is told; what has not is still there
            gone = _numbers(answer.source)
            source += gone
            moved += _from(answer.first_uid, len(gone))
        return Copies(uid_validity, source, moved)

    async def _staged(
        self, keys: AccountKeys, mailbox: MailboxId, pieces: Sequence[ranges.Ranges], target: MailboxId
    ) -> Copies:
        stage = self._unit()
        source: list[int] = []
        try:
            for piece in pieces:
                command = StageCopy(unit=self._unit(), account=keys.account, mailbox=mailbox, uids=piece, stage=stage)
                source += _numbers(await self._store.submit(command))
            answer = await self._store.submit(
                PublishCopy(unit=self._unit(), account=keys.account, stage=stage, count=len(source), target=target)
            )
        except ReasonedError:
            with contextlib.suppress(ReasonedError):  # else it is dropped by age
                while await self._store.submit(DropStaged(unit=self._unit(), account=keys.account, stage=stage)):
                    pass
            raise
        return Copies(answer.uidvalidity, source, _from(answer.first_uid, len(source)))

    def _unit(self) -> UnitId:
        return new_unit(self._clock, self._random)


def _numbers(found: ranges.Ranges) -> list[int]:
    return [uid for low, high in found for uid in range(low, high + 1)]


def _from(first: int, count: int) -> list[int]:
    return list(range(first, first + count))
