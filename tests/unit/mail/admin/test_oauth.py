import pytest

from skrytka.mail.identity.oauth.clients import WELL_KNOWN
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import OAuthClientChanged, OAuthRevoked
from tests.unit.mail.identity.oauth.support import Case, error_of
from tests.unit.mail.world import ACTOR, World

PLACE = "https://web.example.org/cb"


async def test_a_program_is_registered_listed_and_sent_away(world: World) -> None:
    programs = world.admin.programs
    added = await programs.add_client("web", "Web mail", ACTOR, redirect_uris=[PLACE, PLACE], is_confidential=True)
    assert added.secret.startswith("skr_cs_")
    assert added.secret not in repr(added)
    assert (added.client.redirect_uris, added.client.is_public) == ((PLACE,), False)
    listed = await programs.clients()
    assert [info.client for info in listed] == [*WELL_KNOWN, "web"]
    assert listed[-1] == added.client
    public = await programs.add_client("tv1", "A television", ACTOR, scopes=["imap"], is_device=True)
    assert (public.secret, public.client.scopes, public.client.is_device) == ("", ("imap",), True)
    assert (await programs.remove_client("web", ACTOR)).grants == 0
    with pytest.raises(PermanentError) as caught:
        await programs.remove_client("web", ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
    events = [event for event in world.events.events if isinstance(event, OAuthClientChanged)]
    assert [(event.action, event.client) for event in events] == [
        ("oauth.client.add", "web"),
        ("oauth.client.add", "tv1"),
        ("oauth.client.remove", "web"),
    ]


@pytest.mark.parametrize(
    ("client", "name", "uris", "scopes", "reason"),
    [
        ("Web", "x", [PLACE], [], Reason.BAD_SYNTAX),
        ("we", "x", [PLACE], [], Reason.BAD_SYNTAX),
        ("thunderbird", "x", [PLACE], [], Reason.ALREADY_EXISTS),
        ("web", "", [PLACE], [], Reason.BAD_SYNTAX),
        ("web", "a\u202eb", [PLACE], [], Reason.BAD_SYNTAX),
        ("web", "x" * 101, [PLACE], [], Reason.BAD_SYNTAX),
        ("web", "x", ["http://web.example.org/"], [], Reason.BAD_SYNTAX),
        ("web", "x", [], [], Reason.BAD_SYNTAX),
        ("web", "x", [f"{PLACE}{number}" for number in range(21)], [], Reason.TOO_MANY),
        ("web", "x", [PLACE], ["root"], Reason.BAD_SYNTAX),
    ],
)
async def test_what_is_wrong_is_not_registered(
    world: World, client: str, name: str, uris: list[str], scopes: list[str], reason: Reason
) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.programs.add_client(client, name, ACTOR, redirect_uris=uris, scopes=scopes)
    assert caught.value.reason is reason


async def test_what_everybody_has_is_not_removed(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.programs.remove_client("thunderbird", ACTOR)
    assert caught.value.reason is Reason.NOT_PERMITTED


async def test_what_somebody_let_in_is_listed_and_ended(world: World) -> None:
    case, programs = Case(world), world.admin.programs
    first = await case.tokens()
    world.clock.advance(1)  # what began in one millisecond comes in any order
    second = await case.tokens()
    await case.tokens("bob")
    one, other = await programs.grants("alice@example.test")
    assert (one.client, one.address, one.scopes[0]) == ("mail-program", "alice@example.test", "imap")
    assert (await programs.revoke("alice@example.test", ACTOR, one.grant)).grants == 1
    assert error_of(await case.refresh(first["refresh_token"])) == "invalid_grant"
    for wrong, reason in ((one.grant, Reason.NO_SUCH_OBJECT), ("x", Reason.BAD_SYNTAX)):
        with pytest.raises(PermanentError) as caught:
            await programs.revoke("alice@example.test", ACTOR, wrong)
        assert caught.value.reason is reason
    assert [info.grant for info in await programs.grants("alice@example.test")] == [other.grant]
    assert (await programs.revoke("alice@example.test", ACTOR)).grants == 1
    assert error_of(await case.refresh(second["refresh_token"])) == "invalid_grant"
    assert len(await programs.grants("bob@example.test")) == 1
    causes = [
        (event.cause, event.client, event.actor) for event in world.events.events if isinstance(event, OAuthRevoked)
    ]
    assert causes == [("admin", "mail-program", ACTOR), ("admin", "", ACTOR)]


async def test_what_has_had_its_time_is_not_shown(world: World) -> None:
    case = Case(world)
    await case.tokens(scope="imap")
    world.clock.advance(3600)
    assert await world.admin.programs.grants("alice@example.test") == []
