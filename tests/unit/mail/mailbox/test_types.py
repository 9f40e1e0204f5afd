"""The few facts of the shared types."""

from array import array

from skrytka.mail.mailbox.types import SUMMARY_FIELDS, MailboxInfo, Snapshot
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import MailboxId, State, Uid


def test_an_object_id_begins_with_a_letter_and_outlives_the_name() -> None:
    assert MailboxInfo("a", MailboxId(7)).object_id == MailboxInfo("b", MailboxId(7)).object_id == "F7"


def test_a_snapshot_counts_its_messages() -> None:
    assert len(Snapshot(State(1), array("I", [2, 5]), array("Q", [0, 0]), array("Q", [1, 1]), Uid(6))) == 2


def test_the_first_message_with_and_without_a_flag_is_found() -> None:
    flags = array("Q", [1, 0b100000000001, 0b100001000, 1])
    snapshot = Snapshot(State(1), array("I", [1, 2, 3, 4]), flags, array("Q", [1] * 4), Uid(5))
    assert snapshot.first_without(SystemFlag.SEEN) == 2
    assert snapshot.first_with(SystemFlag.DELETED) == 2
    assert snapshot.first_with(SystemFlag.DRAFT) == -1
    everything_seen = Snapshot(State(1), array("I", [1]), array("Q", [1]), array("Q", [1]), Uid(2))
    assert everything_seen.first_without(SystemFlag.SEEN) == -1
    assert Snapshot(State(1), array("I"), array("Q"), array("Q"), Uid(1)).first_without(SystemFlag.SEEN) == -1


def test_summary_fields_are_names_in_lower_case() -> None:
    assert {b"from", b"subject", b"message-id"} <= SUMMARY_FIELDS
    assert all(name == name.lower() and b":" not in name for name in SUMMARY_FIELDS)
