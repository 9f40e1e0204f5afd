import pytest

from skrytka.mail.mailbox.names import Names, canonical, keyword_mac, name_mac, seal_keyword, seal_name
from skrytka.model.errors import PermanentError
from skrytka.model.ids import AccountId, MailboxId, State, Uid
from skrytka.model.secret import Secret
from skrytka.store.rows import KeywordRow, MailboxRow, Role
from skrytka.store.seal.keys import AccountKeys
from tests.unit.mail.support import CountingRandom

KEYS = AccountKeys(AccountId(1), Secret(b"k" * 32), CountingRandom())


def row(name: bytes, role: Role | None = None) -> MailboxRow:
    return MailboxRow(MailboxId(3), name, role, 1, Uid(1), State(1), 0, 0, 0, True)


@pytest.mark.parametrize(
    ("name", "expected"), [("inbox", "INBOX"), ("InBox", "INBOX"), ("Inbox/x", "Inbox/x"), ("Ä", "Ä")]
)
def test_inbox_is_one_name_in_any_case(name: str, expected: str) -> None:
    assert canonical(name) == expected
    assert name_mac(KEYS, name) == name_mac(KEYS, expected)


def test_names_differ_by_case_and_keywords_do_not() -> None:
    assert name_mac(KEYS, "Work") != name_mac(KEYS, "work")
    assert keyword_mac(KEYS, "$Junk") == keyword_mac(KEYS, "$JUNK")


def test_a_sealed_name_opens_and_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names()
    sealed = row(seal_name(KEYS, "Zażółć"), Role.SENT)
    info = names.mailbox(KEYS, sealed)
    assert (info.name, info.special_use, info.is_subscribed, info.object_id) == ("Zażółć", "\\Sent", True, "F3")
    monkeypatch.setattr(AccountKeys, "open", None)  # a second look opens nothing
    assert names.mailbox(KEYS, sealed) == info


def test_inbox_has_no_special_use() -> None:
    assert Names().mailbox(KEYS, row(seal_name(KEYS, "INBOX"), Role.INBOX)).special_use == ""


def test_a_keyword_keeps_its_case() -> None:
    assert Names().keyword(KEYS, KeywordRow(8, seal_keyword(KEYS, "$Phishing"))) == "$Phishing"


def test_a_name_of_another_account_does_not_open() -> None:
    other = AccountKeys(AccountId(2), Secret(b"k" * 32), CountingRandom())
    names, moved = Names(), row(seal_name(other, "Work"))
    assert names.mailbox(other, moved).name == "Work"  # and is kept
    with pytest.raises(PermanentError):
        names.mailbox(KEYS, moved)
