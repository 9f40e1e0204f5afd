import pytest

from skrytka.model.dns import Answer, Caa, Mx, Server, Srv, Status, Tlsa
from skrytka.model.errors import PermanentError, Reason


def test_records_are_given_by_kind_and_exchanges_best_first() -> None:
    records = ("192.0.2.1", b"v=spf1 -all", Mx(20, "b.example"), Mx(10, "a.example"), Tlsa(3, 1, 1, b"x"))
    answer = Answer(Status.NOERROR, records)
    assert answer.texts == ("192.0.2.1",)
    assert answer.strings == (b"v=spf1 -all",)
    assert [mx.exchange for mx in answer.exchanges] == ["a.example", "b.example"]
    assert answer.associations == (Tlsa(3, 1, 1, b"x"),)
    others = Answer(Status.NOERROR, (Srv(10, 1, 587, "b.example"), Caa(0, "issue", ";"), Srv(0, 1, 465, "a.example")))
    assert [srv.port for srv in others.services] == [465, 587]
    assert others.authorizations == (Caa(0, "issue", ";"),)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("127.0.0.1", Server("127.0.0.1", 53)),
        ("192.0.2.1:5353", Server("192.0.2.1", 5353)),
        ("::1", Server("::1", 53)),
        ("[2001:db8::1]:5353", Server("2001:db8::1", 5353)),
        ("[2001:db8::1]", Server("2001:db8::1", 53)),
    ],
)
def test_a_server_is_an_address_with_or_without_a_port(text: str, server: Server) -> None:
    assert Server.parse(text) == server
    assert server.is_loopback is (server.address in ("127.0.0.1", "::1"))


@pytest.mark.parametrize(
    "text", ["", "ns.example.net", "192.0.2.1:x", "[::1]:x", "192.0.2", "192.0.2.1:0", "[::1]:65536"]
)
def test_what_is_no_server_is_named(text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        Server.parse(text)
    assert caught.value.reason is Reason.BAD_CONFIG
