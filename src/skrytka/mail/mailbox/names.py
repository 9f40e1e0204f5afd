"""Names of mailboxes and keywords: sealed in the store, found by keyed hash, opened once per process."""

from collections import OrderedDict
from typing import Final

from skrytka.mail.mailbox.types import INBOX, MailboxInfo
from skrytka.model.ids import AccountId
from skrytka.store.rows import KeywordRow, MailboxRow, Role
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind

SPECIAL_USE: Final[dict[Role, str]] = {  # RFC 6154 2
    Role.SENT: "\\Sent",
    Role.DRAFTS: "\\Drafts",
    Role.TRASH: "\\Trash",
    Role.JUNK: "\\Junk",
    Role.ARCHIVE: "\\Archive",
}
_OPENED_MAX: Final = 50_000


def canonical(name: str) -> str:
    """INBOX in any case is INBOX (RFC 9051 5.1)."""
    return INBOX if name.upper() == INBOX else name


def name_mac(keys: AccountKeys, name: str) -> bytes:
    """By which a mailbox is found."""
    return keys.mac(MacKind.NAME, canonical(name).encode())


def seal_name(keys: AccountKeys, name: str) -> bytes:
    """As the row of a mailbox holds it."""
    return keys.seal(Kind.NAME, b"", canonical(name).encode())


def keyword_mac(keys: AccountKeys, keyword: str) -> bytes:
    """Keywords are equal whatever their case (RFC 9051 2.3.2)."""
    return keys.mac(MacKind.KEYWORD, keyword.casefold().encode())


def seal_keyword(keys: AccountKeys, keyword: str) -> bytes:
    """As the row of a keyword holds it."""
    return keys.seal(Kind.KEYWORD, b"", keyword.encode())


class Names:
    """Opened names, kept by their sealed form: a new seal is a new name."""

    def __init__(self) -> None:
        self._opened: OrderedDict[tuple[AccountId, Kind, bytes], str] = OrderedDict()

    def mailbox(self, keys: AccountKeys, row: MailboxRow) -> MailboxInfo:
        """PermanentError(CORRUPT) when the name does not open."""
        return MailboxInfo(
            name=self._open(keys, Kind.NAME, row.name),
            mailbox=row.mailbox,
            is_subscribed=row.is_subscribed,
            special_use=SPECIAL_USE.get(row.role, "") if row.role else "",
        )

    def keyword(self, keys: AccountKeys, row: KeywordRow) -> str:
        """PermanentError(CORRUPT) when the name does not open."""
        return self._open(keys, Kind.KEYWORD, row.name)

    def opened(self, keys: AccountKeys, sealed: bytes) -> str:
        """A sealed name of a mailbox; PermanentError(CORRUPT)."""
        return self._open(keys, Kind.NAME, sealed)

    def _open(self, keys: AccountKeys, kind: Kind, sealed: bytes) -> str:
        place = (keys.account, kind, sealed)  # what was moved to another account's row must not open from here either
        name = self._opened.get(place)
        if name is None:
            name = self._opened[place] = keys.open(kind, b"", sealed).decode()
            if len(self._opened) > _OPENED_MAX:
                self._opened.popitem(last=False)
        return name
