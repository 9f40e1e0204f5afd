"""model/envelope.py."""

from skrytka.model.address import NULL_REVERSE_PATH, Address
from skrytka.model.envelope import BodyType, Envelope, Recipient


def test_an_envelope_has_the_defaults_of_plain_smtp() -> None:
    envelope = Envelope(NULL_REVERSE_PATH, (Recipient(Address.parse("a@b")),))
    assert envelope.body_type is BodyType.SEVEN_BIT
    assert envelope.recipients[0].notify == frozenset()
    assert envelope.ret is None
