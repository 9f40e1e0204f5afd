import idna
import pytest

from skrytka.mail.admin.types import DomainInfo
from skrytka.model.errors import PermanentError, Reason
from tests.unit.mail.world import ACTOR, World


async def test_domains_are_added_in_any_script_and_listed_by_name(world: World) -> None:
    added = await world.admin.domains.add("Książka.test.", ACTOR)
    name = idna.encode("książka.test").decode()
    assert added == DomainInfo(name=name, created_at_ms=world.clock.now_ms())
    assert [info.name for info in await world.admin.domains.list()] == ["example.test", added.name]
    assert world.events.names() == ["DirectoryChanged"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("example.test", Reason.ALREADY_EXISTS),
        ("a b", Reason.BAD_SYNTAX),
        ("[127.0.0.1]", Reason.BAD_SYNTAX),
        ("", Reason.BAD_SYNTAX),
    ],
)
async def test_what_cannot_be_a_domain_is_refused(world: World, name: str, reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.domains.add(name, ACTOR)
    assert caught.value.reason is reason


async def test_only_an_empty_domain_is_removed(world: World) -> None:
    await world.admin.domains.add("second.test", ACTOR)
    await world.admin.domains.remove("second.test", ACTOR)
    with pytest.raises(PermanentError) as caught:
        await world.admin.domains.remove("second.test", ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_DOMAIN
    with pytest.raises(PermanentError) as caught:
        await world.admin.domains.remove("example.test", ACTOR)
    assert caught.value.reason is Reason.NOT_PERMITTED


async def test_an_admin_answers_for_what_nobody_answers_for_yet(world: World) -> None:
    before = {info.address: info.targets for info in await world.admin.aliases.list()}
    assert set(before) == {f"{role}@example.test" for role in ("abuse", "hostmaster", "postmaster", "security")}
    await world.admin.aliases.remove("abuse@example.test", ACTOR)
    await world.admin.domains.answer_for("example.test", "bob@example.test", ACTOR)
    after = {info.address: info.targets for info in await world.admin.aliases.list()}
    assert after == {**before, "abuse@example.test": ("bob@example.test",)}
