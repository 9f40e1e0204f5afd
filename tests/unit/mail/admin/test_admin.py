from pathlib import Path

from tests.unit.mail.world import ACTOR, PASSWORD, World


async def test_init_makes_the_first_domain_with_somebody_who_answers_for_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        info = await world.admin.init("first.test", "root@first.test", PASSWORD, ACTOR)
        assert (info.address, info.services) == ("root@first.test", ("web",))
        assert [row.name for row in await world.admin.domains.list()] == ["first.test"]
        assert {alias.targets for alias in await world.admin.aliases.list()} == {("root@first.test",)}
    finally:
        await world.close()
