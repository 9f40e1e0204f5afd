"""inspect/errors.py."""

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.model.errors import PermanentError, Reason


def test_a_poisoned_message_is_a_permanent_error_with_its_own_reason() -> None:
    error = PoisonedMessageError("structure, 12 octets: ended")
    assert isinstance(error, PermanentError)
    assert (error.reason, error.detail) == (Reason.POISONED, "structure, 12 octets: ended")
