import pytest

from skrytka.model.engine import NEED_DATA, TlsFacts
from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.ldap import ber
from skrytka.protocol.ldap import client as module
from skrytka.protocol.ldap.client import LdapClient
from skrytka.protocol.ldap.messages import Result

DONE = ber.sequence(
    ber.integer(1), ber.sequence(ber.integer(0, ber.ENUMERATED), ber.octets(b""), ber.octets(b""), tag=0x61)
)


@pytest.mark.parametrize("step", [1, 100])
def test_whole_and_octet_by_octet_are_the_same(step: int) -> None:
    client = LdapClient()
    assert client.next_number() == 1
    events = []
    for start in range(0, len(DONE), step):
        client.receive(DONE[start : start + step])
        events.append(client.next_event())
    assert events[-1] == Result(1, 0)
    assert set(map(str, events[:-1])) <= {str(NEED_DATA)}


def test_what_nobody_asked_for_is_an_error() -> None:
    client = LdapClient()
    client.receive(DONE)
    with pytest.raises(RemoteProtocolError):
        client.next_event()


def test_a_server_that_goes_is_an_error() -> None:
    client = LdapClient()
    client.receive(b"")
    assert client.is_eof
    with pytest.raises(RemoteProtocolError):
        client.next_event()


@pytest.mark.parametrize("head", ["3084ffffffff", "308400100000"])  # the most there is; a mebibyte with its head
def test_a_message_has_a_limit(head: str) -> None:
    client = LdapClient()
    client.receive(bytes.fromhex(head))
    with pytest.raises(RemoteProtocolError):
        client.next_event()


def test_an_operation_has_a_limit_and_the_next_one_has_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_MAX", len(DONE))
    client = LdapClient()
    client.next_number()
    client.receive(DONE + DONE)
    assert client.next_event() == Result(1, 0)
    with pytest.raises(RemoteProtocolError):
        client.next_event()
    client.next_number()
    with pytest.raises(RemoteProtocolError, match="nothing that was asked"):
        client.next_event()


def test_what_came_before_tls_is_nobodys() -> None:
    client = LdapClient()
    client.receive(DONE)
    client.tls_started(TlsFacts(version="TLSv1.3", cipher="x"))
    assert client.next_event() is NEED_DATA
