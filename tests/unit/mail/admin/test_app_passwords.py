import re

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import AppPasswordChanged, ClientCertificateChanged
from skrytka.model.secret import Secret
from tests.support.certificates import ClientAuthority
from tests.unit.mail.identity.programs_world import Programs
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, World

ALICE = "alice@example.test"


async def test_one_is_made_shown_used_listed_and_removed(world: World) -> None:
    passwords, programs = world.admin.app_passwords, Programs(world)
    made = await passwords.add(ALICE, " my phone ", ACTOR, services=("imap",), networks=("192.0.2.0/24",), days=30)
    assert re.fullmatch(r"([a-z2-7]{4}-){7}[a-z2-7]{4}", made.password)
    assert made.app_password.expires_at_ms == world.clock.now_ms() + 30 * 86_400_000
    (listed,) = await passwords.list(ALICE)
    assert listed == made.app_password
    assert (listed.name, listed.services, listed.used_at_ms) == ("my phone", ("imap",), None)
    await programs.identity.login(ALICE, Secret(made.password), PeerFacts(), "PLAIN")
    await programs.uses.flush()
    (listed,) = await passwords.list(ALICE)
    assert (listed.used_at_ms, listed.used_from, listed.used_by) == (world.clock.now_ms(), "192.0.2.7", "imaps")
    assert (await passwords.remove(ALICE, listed.number, ACTOR)).count == 1
    told = [event for event in world.events.events if isinstance(event, AppPasswordChanged)]
    assert [(event.action, event.number, event.object) for event in told] == [
        ("app_password.add", listed.number, ALICE),
        ("app_password.remove", listed.number, ALICE),
    ]
    assert made.password not in repr(world.events.events) + repr(made)


async def test_all_are_removed_at_once(world: World) -> None:
    for name in ("phone", "tablet"):
        await world.admin.app_passwords.add(ALICE, name, ACTOR)
    assert (await world.admin.app_passwords.remove(ALICE, None, ACTOR)).count == 2
    assert await world.admin.app_passwords.list(ALICE) == []


@pytest.mark.parametrize(
    ("name", "scope", "reason"),
    [
        ("", {}, Reason.BAD_SYNTAX),
        ("x" * 101, {}, Reason.BAD_SYNTAX),
        ("a\nb", {}, Reason.BAD_SYNTAX),
        ("phone", {"services": ("web",)}, Reason.BAD_SYNTAX),
        ("phone", {"networks": ("here",)}, Reason.BAD_SYNTAX),
        ("phone", {"networks": ("192.0.2.0/24",) * 101}, Reason.BAD_SYNTAX),
        ("Taken", {}, Reason.ALREADY_EXISTS),
    ],
)
async def test_what_makes_no_sense_is_refused(
    world: World, name: str, scope: dict[str, tuple[str, ...]], reason: Reason
) -> None:
    await world.admin.app_passwords.add(ALICE, "taken", ACTOR)
    with pytest.raises(PermanentError) as caught:
        await world.admin.app_passwords.add(ALICE, name, ACTOR, **scope)  # type: ignore[arg-type]
    assert caught.value.reason is reason


async def test_certificates_are_named_by_pem_or_fingerprint(world: World) -> None:
    passwords = world.admin.app_passwords
    pem, _ = ClientAuthority().issue()
    added = await passwords.add_certificate(ALICE, pem.decode(), ACTOR)
    assert await passwords.certificates(ALICE) == (added,)
    colons = ":".join(re.findall("..", added.fingerprint.upper()))
    gone = await passwords.remove_certificate(ALICE, f"SHA256 Fingerprint={colons}", ACTOR)
    assert gone.fingerprint == added.fingerprint
    assert await passwords.certificates(ALICE) == ()
    with pytest.raises(PermanentError):
        await passwords.add_certificate(ALICE, "nothing", ACTOR)
    told = [event for event in world.events.events if isinstance(event, ClientCertificateChanged)]
    assert [event.is_added for event in told] == [True, False]
