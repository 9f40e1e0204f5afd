"""Owners are told what has changed about their accounts: by a mail into their mailboxes, owed since that commit.

A notice is dropped when its mail is there, or when there is nobody whom it reaches. A crash between the two tells it
twice, and never not at all.
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from skrytka.mail.admin.languages import words_of
from skrytka.mail.admin.notice_words import LANGUAGES, Language, Words
from skrytka.mail.delivery.resolve import POSTMASTER
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError
from skrytka.model.ids import id_text, new_id, new_unit
from skrytka.protocol.reports.notice import NoticeMail, write_notice
from skrytka.store.api import Store
from skrytka.store.commands.factors import DropNotice
from skrytka.store.factor_rows import NoticeRow
from skrytka.store.rows import AccountStatus
from skrytka.store.sql import directory
from skrytka.store.sql import factors as sql

AT_ONCE: Final = 100


class Sender(Protocol):
    """``mail.delivery.report_sender.ReportSender``."""

    async def send(self, octets: bytes, from_: Address, to: Sequence[Address]) -> tuple[Address, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDeps:
    """Made by the composition root."""

    store: Store
    sender: Sender
    language: Callable[[], Language]  # of whoever has none of his own
    clock: Clock
    random: Random


class Notices:
    """One per installation: the first front's."""

    def __init__(self, deps: NoticeDeps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Tell what is owed. TransientError: the rest waits for the next run."""
        while rows := await self._deps.store.read(sql.notices(AT_ONCE)):
            for row in rows:
                await self._tell(row)

    async def _tell(self, row: NoticeRow) -> None:
        deps = self._deps
        account = await deps.store.read(directory.account_by_id(row.account))
        if account is not None and account.status is not AccountStatus.REMOVED:
            to = Address.parse(account.address)
            from_ = Address(POSTMASTER, to.domain)
            words = await words_of(deps.store, row.account, LANGUAGES, LANGUAGES[deps.language()])
            with contextlib.suppress(PermanentError):  # whom nothing reaches must not keep it from all others
                await deps.sender.send(self._mail(row, from_, to, words), from_, [to])
        unit = new_unit(deps.clock, deps.random)
        await deps.store.submit(DropNotice(unit=unit, notice=row.notice))

    def _mail(self, row: NoticeRow, from_: Address, to: Address, words: Words) -> bytes:
        deps = self._deps
        what = words.what[row.what]
        at = dt.datetime.fromtimestamp(row.created_at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
        return write_notice(
            NoticeMail(
                from_=from_,
                to=to,
                subject=words.subject.format(what=what),
                text=words.text.format(what=what, at=at, address=to),
                message_id=f"{id_text(new_id(deps.clock, deps.random))}@{to.domain.name}",
                now_ms=deps.clock.now_ms(),
            )
        )
