"""Vocabulary of the columns: values on disk never change."""

from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId
from skrytka.store.rows import CredentialRow, Op, Role


def test_values_on_disk_stay_as_they_are() -> None:
    assert {flag.name: flag.value for flag in SystemFlag} == {
        "SEEN": 1,
        "ANSWERED": 2,
        "FLAGGED": 4,
        "DELETED": 8,
        "DRAFT": 16,
    }
    assert [role.value for role in Role] == ["inbox", "sent", "drafts", "trash", "junk", "archive", "quarantine"]
    assert (Op.DELIVER.value, Op.EXPUNGE.value, Op.FLAGS.value) == ("deliver", "expunge", "flags")


def test_a_verifier_is_not_printed() -> None:
    assert "hash" not in repr(CredentialRow(AccountId(1), 1, "password", b"hash", 0))
