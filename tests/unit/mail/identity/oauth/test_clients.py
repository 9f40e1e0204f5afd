import pytest

from skrytka.mail.identity.oauth.clients import WELL_KNOWN, Clients
from skrytka.model.secret import Secret
from skrytka.protocol.oauth.client_auth import ClientClaim
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.redirect import check_registered
from tests.unit.mail.identity.oauth.support import Case
from tests.unit.mail.world import World


async def test_some_are_known_everywhere_unless_they_are_not_wanted(world: World) -> None:
    case = Case(world)
    thunderbird = await case.deps.clients.find("thunderbird")
    assert thunderbird is not None
    assert thunderbird.is_public
    assert await case.deps.clients.find("x" * 65) is None
    without = Clients(world.store, case.keys, is_well_known_taken=False)
    assert await without.find("thunderbird") is None
    await case.confidential()
    assert [client.client_id for client in await case.deps.clients.all()] == [*WELL_KNOWN, "web"]


def test_what_is_well_known_could_be_registered() -> None:
    for client in WELL_KNOWN.values():
        for uri in client.redirect_uris:
            assert check_registered(uri) == uri


async def test_who_has_a_secret_shows_it_and_who_has_none_does_not(world: World) -> None:
    case = Case(world)
    secret = await case.confidential()
    find = case.deps.clients.authenticated
    assert (await find(ClientClaim("web", Secret(secret.text)))).client_id == "web"
    assert (await find(ClientClaim("thunderbird", None))).name == "Thunderbird"
    for wrong in (
        ClientClaim("web", None),
        ClientClaim("web", Secret("x")),
        ClientClaim("thunderbird", Secret(secret.text)),
        ClientClaim("nobody", None),
    ):
        with pytest.raises(OAuthError) as caught:
            await find(wrong)
        assert caught.value.code is ErrorCode.INVALID_CLIENT
