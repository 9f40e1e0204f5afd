from skrytka.mail.delivery.hosted import HostedDomains
from tests.unit.mail.world import ACTOR, World


async def test_a_domain_is_hosted_from_its_addition_to_its_removal(world: World) -> None:
    hosted = HostedDomains(world.store)
    assert await hosted.has("example.test")
    assert not await hosted.has("example.net")
    await world.admin.domains.add("example.net", ACTOR)
    assert await hosted.has("example.net")
    assert await hosted.names() == ["example.net", "example.test"]
    await world.admin.domains.remove("example.net", ACTOR)
    assert not await hosted.has("example.net")
