from skrytka.mail.identity.oauth.keys import OAuthKeys
from tests.unit.mail.world import World


async def test_the_key_is_made_when_it_is_first_needed(world: World) -> None:
    keys = OAuthKeys(world.keys, world.random)
    assert "node:oauth" not in {entry.subject for entry in world.ring.entries()}
    assert await keys.mint() is await keys.mint()
    assert await keys.signing() is await keys.signing()
    assert "node:oauth" in {entry.subject for entry in world.ring.entries()}
