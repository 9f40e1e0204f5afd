from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, RemoteProtocolError, TransientError
from skrytka.model.secret import Secret
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Https
from skrytka.net.openid import FLOOR_S, KEPT_S, REST_S, OpenIdProvider
from skrytka.net.outside import OutsideDial
from skrytka.net.sweeper import Sweeper
from skrytka.protocol.openid.exchange import Client, Question, Tokens, authorization_url
from tests.support.https_server import https_server
from tests.support.openid import CLIENT_ID, CODE, HOST, SECRET, FakeProvider, ec_key, public

ZONE = f"{HOST}:\n  - A: 127.0.0.1\n"
QUESTION = Question("https://mail.example.org/back", "s-1", "n-1", "v" * 43)


class Here:
    """A provider, and us."""

    def __init__(self, fake: FakeProvider, ca_file: str, *, allowed: tuple[str, ...] = ("127.0.0.0/8",)) -> None:
        self.clock = FixedClock()
        self.fake = fake
        dial = OutsideDial(Dialer(Sweeper(self.clock), service="test"), allowed=allowed)
        https = Https(dial, StaticZone.parse(ZONE), ClientTls(), ca_file=ca_file)
        self.client = OpenIdProvider(https, fake.issuer, self.clock, lambda: Secret(SECRET), seconds=5)

    async def code(self) -> Secret:
        self.fake.browser(authorization_url(await self.client.metadata(), Client(CLIENT_ID, ("openid",)), QUESTION))
        return Secret(CODE)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    fake = FakeProvider(FixedClock().now_ms() // 1000)
    async with https_server(tmp_path, fake.answer, HOST) as server:
        fake.port = server.port
        yield Here(fake, str(server.ca_file))


async def test_a_code_becomes_tokens_and_what_is_known_is_not_asked_for_again(here: Here) -> None:
    tokens = await here.client.redeem(CLIENT_ID, QUESTION, await here.code())
    assert tokens.access_token.reveal() == b"access"
    assert [key["kid"] for key in await here.client.keys()] == ["k1"]
    await here.client.keys()
    assert here.fake.asked == [
        "GET /realm/.well-known/openid-configuration",
        "POST /realm/token",
        "GET /realm/keys",
    ]
    here.clock.advance(KEPT_S)
    await here.client.keys()
    assert here.fake.asked[3:] == ["GET /realm/.well-known/openid-configuration", "GET /realm/keys"]


async def test_another_code_is_none(here: Here) -> None:
    await here.code()
    with pytest.raises(RemoteProtocolError, match="invalid_grant"):
        await here.client.redeem(CLIENT_ID, QUESTION, Secret("other"))


async def test_newer_keys_are_looked_for_once_a_minute(here: Here) -> None:
    await here.client.keys()
    here.fake.keys.append(public(ec_key("k2")))
    assert len(await here.client.newer_keys()) == 1
    here.clock.advance(FLOOR_S)
    assert len(await here.client.newer_keys()) == 2
    assert len(await here.client.newer_keys()) == 2
    assert here.fake.asked.count("GET /realm/keys") == 2


async def test_userinfo_is_asked_with_the_token(here: Here) -> None:
    tokens = Tokens(Secret("i"), Secret("access"))
    assert await here.client.person(tokens, "subject-1") == {}
    here.fake.userinfo = {"sub": "subject-1", "email": "alice@example.org"}
    here.clock.advance(KEPT_S)
    assert (await here.client.person(tokens, "subject-1"))["email"] == "alice@example.org"
    assert await here.client.person(Tokens(Secret("i"), Secret("")), "subject-1") == {}
    for shown, subject in ((Secret("access"), "other"), (Secret("a\r\nX: y"), "subject-1")):
        with pytest.raises(RemoteProtocolError):
            await here.client.person(Tokens(Secret("i"), shown), subject)


async def test_a_document_of_somebody_else_or_none_is_an_error(here: Here) -> None:
    here.fake.metadata = {"issuer": "https://other.test"}
    with pytest.raises(RemoteProtocolError):
        await here.client.metadata()
    here.fake.metadata = {"jwks_uri": here.fake.issuer + "/nowhere"}
    with pytest.raises(RemoteProtocolError, match="404"):
        await here.client.keys()
    here.fake.is_down = True
    here.clock.advance(KEPT_S)
    with pytest.raises(RemoteProtocolError, match="503"):
        await here.client.metadata()


async def test_nobody_waits_for_a_provider_that_was_not_reached(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    async def down(self: Https, url: object, **_values: object) -> None:
        tries.append(str(url))
        raise TransientError(Reason.UNREACHABLE, "down")

    monkeypatch.setattr(Https, "ask", down)
    for _ in range(3):
        with pytest.raises(TransientError, match="down"):
            await here.client.metadata()
    assert len(tries) == 1
    here.clock.advance(REST_S)
    monkeypatch.undo()
    assert (await here.client.metadata()).issuer == here.fake.issuer


async def test_a_provider_behind_us_has_to_be_named_by_a_setting(here: Here, tmp_path: Path) -> None:
    outside = Here(here.fake, str(tmp_path / "https.pem"), allowed=())
    with pytest.raises(TransientError) as caught:
        await outside.client.metadata()
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert here.fake.asked == []


async def test_all_of_it_has_a_time(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(self: Https, url: object, **_values: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(Https, "ask", slow)
    with pytest.raises(TransientError) as caught:
        await here.client.metadata()
    assert caught.value.reason is Reason.TIMEOUT
