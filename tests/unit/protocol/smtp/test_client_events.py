from skrytka.model.secret import Secret
from skrytka.protocol.smtp.client_events import SayAuth


def test_a_password_does_not_print_itself() -> None:
    assert "hunter2" not in repr(SayAuth("PLAIN", "a@example.org", Secret("hunter2")))
