from skrytka.mail.delivery.types import Resolution
from skrytka.model import reply
from skrytka.model.address import Address
from skrytka.model.verdict import Action, Verdict


def test_a_resolution_is_accepted_as_its_reply_says() -> None:
    alice = Address.parse("alice@example.test")
    assert Resolution(alice, Verdict(Action.ACCEPT, reply.RECIPIENT_OK)).is_accepted
    assert not Resolution(alice, Verdict(Action.DEFER, reply.OVER_QUOTA)).is_accepted
