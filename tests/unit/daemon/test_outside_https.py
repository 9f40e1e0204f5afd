"""What may be reached by the client that strangers' DNS leads; requests by it are in ``test_report_posts``."""

from skrytka.daemon.outside_https import own_addresses
from skrytka.model.settings import Dns, Listener, Listeners, Outbound, Settings


def test_addresses_of_ours_are_those_that_settings_name() -> None:
    settings = Settings(
        version=1,
        hostname="mx.example.test",
        dns=Dns(addresses=("203.0.113.5",)),
        outbound=Outbound(source_addresses=("203.0.113.6",)),
        listeners=Listeners(smtp=Listener(port=25, addresses=("203.0.113.7", "0.0.0.0"))),
    )
    found = set(own_addresses(settings))
    assert found >= {"203.0.113.5", "203.0.113.6", "203.0.113.7"}
    assert not found & {"0.0.0.0", "::"}
