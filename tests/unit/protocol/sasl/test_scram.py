import base64

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import Ask, Over, ScramClaim
from skrytka.protocol.sasl.scram import ScramExchange, ScramKeys
from tests.support.scram_client import ScramClient

SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
END_POINT = b"e" * 32


def exchange(**changes: object) -> ScramExchange:
    return ScramExchange(lambda _name: SALT, b"s" * 18, **changes)  # type: ignore[arg-type]


def test_the_example_of_rfc_7677() -> None:
    """RFC 7677 3: messages and signatures to the letter."""
    keys = ScramKeys.of(Secret("pencil"), SALT)
    signed = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,"
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    claim = ScramClaim("", "user", signed, proof)
    assert keys.prove(claim)
    assert base64.b64encode(keys.sign(claim)) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert not ScramKeys.of(Secret("pencils"), SALT).prove(claim)
    assert not keys.prove(ScramClaim("", "user", signed + b"x", proof))
    assert "ScramKeys()" in repr(keys)


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_whole_exchange(is_asked: bool) -> None:
    client, server = ScramClient("us=er,1", "pencil", b"c" * 18), exchange()
    keys = ScramKeys.of(Secret("pencil"), SALT)
    if is_asked:
        assert server.begin(None) == Ask(b"")
    first = server.respond(Secret(client.first())) if is_asked else server.begin(Secret(client.first()))
    assert isinstance(first, Ask)
    claim = server.respond(Secret(client.final(first.message)))
    assert isinstance(claim, ScramClaim)
    assert claim.name == "us=er,1"
    assert keys.prove(claim)
    final = server.accepted(keys.sign(claim))
    assert final is not None
    assert client.accepts(final.message)
    assert server.respond(Secret(b"")) == Over()
    assert server.refused(b"") is None


def test_who_goes_on_after_the_end_is_refused() -> None:
    server = exchange()
    server.accepted(b"x" * 32)
    with pytest.raises(RemoteProtocolError):
        server.respond(Secret(b"x"))


@pytest.mark.parametrize(
    ("flag", "changes", "is_right"),
    [
        ("n", {}, True),
        ("y", {}, True),
        ("n", {"binding": END_POINT}, True),  # it cannot bind: allowed, it asked for no -PLUS
        ("y", {"binding": END_POINT}, False),  # it can, and believes that we cannot: somebody took -PLUS out
        ("p=tls-server-end-point", {"binding": END_POINT}, False),  # and asked for the other mechanism
        ("p=tls-server-end-point", {"binding": END_POINT, "is_plus": True}, True),
        ("p=tls-unique", {"binding": END_POINT, "is_plus": True}, False),
        ("n", {"binding": END_POINT, "is_plus": True}, False),
        ("x", {}, False),
        ("", {}, False),
    ],
)
def test_channel_binding_is_said_and_believed(flag: str, changes: dict[str, object], is_right: bool) -> None:
    """RFC 5802 6."""
    client, server = ScramClient("user", "pencil", b"c" * 18, flag=flag), exchange(**changes)
    if is_right:
        assert isinstance(server.begin(Secret(client.first())), Ask)
    else:
        with pytest.raises(RemoteProtocolError):
            server.begin(Secret(client.first()))


@pytest.mark.parametrize(("binding", "is_right"), [(END_POINT, True), (b"", False), (b"f" * 32, False)])
def test_another_channel_is_not_this_one(binding: bytes, is_right: bool) -> None:
    client = ScramClient("user", "pencil", b"c" * 18, flag="p=tls-server-end-point", binding=binding)
    server = exchange(binding=END_POINT, is_plus=True)
    first = server.begin(Secret(client.first()))
    assert isinstance(first, Ask)
    if is_right:
        assert isinstance(server.respond(Secret(client.final(first.message))), ScramClaim)
    else:
        with pytest.raises(RemoteProtocolError):
            server.respond(Secret(client.final(first.message)))


@pytest.mark.parametrize(
    "message",
    [
        b"", b"n", b"n,,", b"n,,n=user", b"n,,r=x,n=user", b"n,,m=x,n=user,r=x", b"n,,n=,r=x", b"n,,n=user,r=",
        b"n,,n=us=er,r=x", b"n,,n=us=2cer,r=x", b"n,,n=\xff,r=x", b"n,,n=a\0b,r=x", b"n,,n=user,r=a\x01b",
        b"n,x=y,n=user,r=x", b"n,a=,n=user,r=x", b"n,,n=user,r=x,noattribute", b"n,,n=user,r=" + b"x" * 513,
        b"n,,n=" + b"u" * 1025 + b",r=x", b"n,,n=user,r=x" + b",a=b" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_first_message_is_refused(message: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        exchange().begin(Secret(message))


def test_what_is_no_final_message_is_refused() -> None:
    client = ScramClient("user", "pencil", b"c" * 18)
    first = exchange().begin(Secret(client.first()))
    assert isinstance(first, Ask)
    right = client.final(first.message)
    binding, nonce, proof = right.split(b",")
    for wrong in (
        b"", binding, binding + b"," + nonce, b",".join((nonce, binding, proof)), right + b",x=y",
        b",".join((b"c=eSws", nonce, proof)), b",".join((b"c=bi ws", nonce, proof)),
        b",".join((binding, nonce + b"x", proof)), b",".join((binding, nonce, b"p=AAAA")),
        b",".join((binding, nonce, b"p=!")), b",".join((binding, nonce, b"x", proof)),
    ):  # fmt: skip
        server = exchange()
        server.begin(Secret(client.first()))
        with pytest.raises(RemoteProtocolError):
            server.respond(Secret(wrong))
    server = exchange()
    server.begin(Secret(client.first()))
    assert isinstance(server.respond(Secret(b",".join((binding, nonce, b"x=y", proof)))), ScramClaim)
