from collections.abc import Callable

from skrytka.mail.delivery.local import Delivery as LocalDelivery
from skrytka.mail.delivery.resolve import Directory
from skrytka.servers.mx_deps import Delivery, Recipients


def test_what_mail_has_is_what_the_session_needs() -> None:
    """Held by mypy; the calls show that a class is meant, not an instance."""
    recipients: Callable[..., Recipients] = Directory
    delivery: Callable[..., Delivery] = LocalDelivery
    assert callable(recipients)
    assert callable(delivery)
