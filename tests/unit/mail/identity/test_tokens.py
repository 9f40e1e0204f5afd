import pytest

from skrytka.mail.identity.bearers import Bearer, Bearers
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.tokens import Tokens
from skrytka.model.errors import PermanentError
from skrytka.model.secret import Secret
from skrytka.store.sql import oauth as sql
from tests.unit.mail.identity.oauth.support import ISSUER, Case, content
from tests.unit.mail.world import ACTOR, World


class Reading:
    """Counts the reads of a store."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reads = 0

    async def read(self, query: object) -> object:
        self.reads += 1
        return await self.world.store.read(query)  # type: ignore[arg-type]


class TokenCase(Case):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = Reading(world)
        directory = StoredCredentials(world.store, world.clock, world.random)
        self.tokens_: Bearers = Tokens(self.store, self.keys, directory, world.clock, ISSUER)  # type: ignore[arg-type]

    async def prove(self, token: str, right: str = "imap") -> Bearer:
        return await self.tokens_.prove(Secret(token), right)

    async def refusal(self, token: str, right: str = "imap") -> str:
        with pytest.raises(PermanentError) as caught:
            await self.prove(token, right)
        return caught.value.detail


@pytest.fixture
def case(world: World) -> TokenCase:
    return TokenCase(world)


async def test_a_token_says_whose_it_is_and_is_remembered(case: TokenCase) -> None:
    token = (await case.tokens())["access_token"]
    bearer = await case.prove(token)
    assert str(bearer.address) == "alice@example.test"
    assert bearer.expires_at_ms == case.world.clock.now_ms() + 3600_000
    assert await case.prove(token, "smtp") == bearer
    assert case.store.reads == 1
    await case.world.admin.accounts.suspend("bob@example.test", ACTOR)
    assert await case.prove(token) == bearer
    assert case.store.reads == 2


async def test_a_token_is_for_its_services_and_its_time(case: TokenCase) -> None:
    token = (await case.tokens(scope="imap offline_access"))["access_token"]
    assert await case.refusal(token, "smtp") == "not for smtp"
    assert await case.refusal(token, "offline") == "not for offline"
    assert await case.refusal("password") == "no token of this server"
    case.world.clock.advance(3600)
    assert await case.refusal(token) == "expired"


async def test_a_refresh_token_opens_no_mailbox(case: TokenCase) -> None:
    assert await case.refusal((await case.tokens())["refresh_token"]) == "no token of this server"


async def test_what_is_ended_is_ended_at_once_in_open_sessions_too(case: TokenCase) -> None:
    tokens, others = await case.tokens(), await case.tokens()
    bearer = await case.prove(tokens["access_token"])
    assert await case.tokens_.is_still_valid(bearer, "imap")
    assert not await case.tokens_.is_still_valid(bearer, "sieve")
    await case.ask("revoke", client_id="mail-program", token=tokens["refresh_token"])
    assert not await case.tokens_.is_still_valid(bearer, "imap")
    assert await case.refusal(tokens["access_token"]) == "revoked, or never given"
    assert await case.tokens_.is_still_valid(await case.prove(others["access_token"]), "imap")


async def test_a_session_goes_on_when_its_program_gets_other_tokens(case: TokenCase) -> None:
    tokens = await case.tokens()
    bearer = await case.prove(tokens["access_token"])
    again = content(await case.refresh(tokens["refresh_token"]))
    assert (await case.prove(again["access_token"])).grant == bearer.grant
    reads = case.store.reads
    assert await case.tokens_.is_still_valid(bearer, "imap")
    assert await case.tokens_.is_still_valid(bearer, "imap")
    assert case.store.reads == reads + 1


async def test_a_suspended_account_is_out_for_as_long(case: TokenCase) -> None:
    token = (await case.tokens())["access_token"]
    bearer = await case.prove(token)
    await case.world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert await case.refusal(token) == "account_suspended"
    assert not await case.tokens_.is_still_valid(bearer, "imap")
    await case.world.admin.accounts.resume("alice@example.test", ACTOR)
    assert await case.prove(token) == bearer
    assert await case.tokens_.is_still_valid(bearer, "imap")


async def test_memory_is_bounded(case: TokenCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skrytka.mail.identity.tokens.KNOWN_MAX", 1)
    for token in [(await case.tokens())["access_token"] for _ in range(3)]:
        bearer = await case.prove(token)
        assert await case.tokens_.is_still_valid(bearer, "imap")
    assert len(await case.world.store.read(sql.grants(await case.world.account("alice")))) == 3


def test_a_program_is_told_what_it_needs(case: TokenCase) -> None:
    assert case.tokens_.challenge("imap") == {
        "scope": "imap",
        "openid-configuration": ISSUER + "/.well-known/openid-configuration",
    }
