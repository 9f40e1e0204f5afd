import pytest

from skrytka.mail.identity.controls import Controls
from skrytka.mail.identity.types import Credential, Login, right_of
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason
from skrytka.model.ids import AccountId
from tests.unit.mail.support import PeerFacts

ALICE = Address.parse("alice@example.test")


@pytest.mark.parametrize(
    ("service", "right"),
    [("imap", "imap"), ("imaps", "imap"), ("submission", "smtp"), ("submissions", "smtp"), ("web", "web")],
)
def test_a_service_has_one_name_for_all_its_listeners(service: str, right: str) -> None:
    assert right_of(service) == right


@pytest.mark.parametrize(
    ("credential", "service", "refusal", "password_refusal"),
    [
        (Credential(AccountId(7), ALICE, "x"), "imaps", None, None),
        (Credential(AccountId(7), ALICE, "x", is_suspended=True), "imaps", Reason.ACCOUNT_SUSPENDED,
         Reason.NOT_PERMITTED),
        (Credential(AccountId(7), ALICE, "x", services=frozenset({"web"})), "imaps", None, Reason.NOT_PERMITTED),
        (Credential(AccountId(7), ALICE, "x", services=frozenset({"imap"})), "imaps", None, None),
        (Credential(AccountId(7), ALICE, "x", services=frozenset({"imaps"})), "imaps", None, None),
        (Credential(AccountId(7), ALICE, "x", has_mfa=True), "imaps", None, Reason.MFA_REQUIRED),
        (Credential(AccountId(7), ALICE, "x", has_mfa=True), "web", None, None),
        (Credential(AccountId(7), ALICE, "x", controls=Controls(services=("smtp",))), "imaps", Reason.NOT_PERMITTED,
         None),
    ],
)  # fmt: skip
def test_what_the_directory_refuses(
    credential: Credential, service: str, refusal: Reason | None, password_refusal: Reason | None
) -> None:
    facts = PeerFacts(service=service)
    assert credential.refusal(facts, 0) is refusal
    assert credential.password_refusal(facts) is password_refusal


def test_a_session_ends_with_what_its_login_was_proven_by() -> None:
    clock = FixedClock()
    login = Login(AccountId(7), ALICE)
    assert login.ends_at_s(clock) == float("inf")
    soon = Login(AccountId(7), ALICE, expires_at_ms=clock.now_ms() + 5000)
    assert soon.ends_at_s(clock) == clock.monotonic_s() + 5
