"""SASL: whatever comes, an exchange goes on, claims something once or refuses; nothing else is raised."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.bearer import OauthBearerExchange, Xoauth2Exchange
from skrytka.protocol.sasl.exchange import Ask, Exchange, Over, ScramClaim
from skrytka.protocol.sasl.external import ExternalExchange
from skrytka.protocol.sasl.passwords import LoginExchange, PlainExchange
from skrytka.protocol.sasl.scram import ScramExchange, ScramKeys
from tests.support.scram_client import ScramClient

KEYS = ScramKeys.of(Secret("abcd-efgh"), b"salt" * 4)
PIECES = st.sampled_from(
    b"n,, y,, p=tls-server-end-point,, a= n=user r=nonce r= c=biws p=AAAA , =2C = m=x \x01 \x01\x01 auth=Bearer|x "
    b"user=a@b.c host=h \0 alice \xff i=4096 v=".split(b" ")
).map(lambda piece: piece.replace(b"|", b" "))
MESSAGES = st.one_of(st.none(), st.binary(max_size=200), st.lists(PIECES, max_size=12).map(b"".join))
EXCHANGES: list[Callable[[], Exchange]] = [
    PlainExchange,
    LoginExchange,
    ExternalExchange,
    OauthBearerExchange,
    Xoauth2Exchange,
    lambda: ScramExchange(lambda _name: b"salt" * 4, b"s" * 18),
    lambda: ScramExchange(lambda _name: b"salt" * 4, b"s" * 18, is_plus=True, binding=b"b" * 32),
]


@pytest.mark.parametrize("make", EXCHANGES)
@given(messages=st.lists(MESSAGES, min_size=1, max_size=6), is_true=st.booleans())
def test_any_messages_are_refused_or_claim_something_once(
    make: Callable[[], Exchange], messages: list[bytes | None], is_true: bool
) -> None:
    exchange, claims = make(), 0
    first, *rest = messages
    try:
        step = exchange.begin(None if first is None else Secret(first))
        for message in rest:
            if isinstance(step, Over):
                return
            if not isinstance(step, Ask):
                claims += 1
                more = exchange.accepted(b"f" * 32) if is_true else exchange.refused(b"{}")
                if more is None:
                    return
            step = exchange.respond(Secret(message or b""))
    except RemoteProtocolError:
        return
    assert claims <= 1


@given(name=st.text(min_size=1, max_size=50).filter(lambda text: "\0" not in text), flip=st.integers(0, 10_000))
def test_one_wrong_octet_of_a_proof_is_no_proof(name: str, flip: int) -> None:
    if not name.isprintable():
        return
    client = ScramClient(name, "abcd-efgh", b"c" * 18)
    server = ScramExchange(lambda _name: b"salt" * 4, b"s" * 18)
    asked = server.begin(Secret(client.first()))
    assert isinstance(asked, Ask)
    final = bytearray(client.final(asked.message))
    place = flip % len(final)
    final[place] ^= 1 << flip % 8
    try:
        claim = server.respond(Secret(bytes(final)))
    except RemoteProtocolError:
        return
    assert isinstance(claim, ScramClaim)
    assert claim.name == name
    assert not KEYS.prove(claim)
