import pytest

from skrytka.mail.identity.oauth import devices
from skrytka.model.errors import TransientError
from skrytka.store.commands import oauth as commands
from tests.unit.mail.identity.oauth.support import ISSUER, Case, content, error_of
from tests.unit.mail.world import World


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


async def test_a_program_is_told_what_a_person_has_to_type(case: Case) -> None:
    begun = content(await case.ask("device_authorization", client_id="mail-program", scope="imap"))
    assert begun["verification_uri"] == ISSUER + "/device"
    assert begun["verification_uri_complete"] == f"{ISSUER}/device?user_code={begun['user_code']}"
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    waiting = await case.devices.typed(begun["user_code"], await case.person())
    assert waiting is not None
    assert waiting.client.client_id == "mail-program"


async def test_not_every_program_may(case: Case) -> None:
    refused = await case.ask("device_authorization", client_id="thunderbird")
    assert error_of(refused) == "unauthorized_client"
    assert error_of(await case.ask("device_authorization", client_id="mail-program", scope="x")) == "invalid_scope"


async def test_an_address_cannot_ask_for_all_codes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "BEGUN_MAX", 1)
    content(await case.ask("device_authorization", client_id="mail-program"))
    assert error_of(await case.ask("device_authorization", client_id="mail-program")) == "slow_down"
    content(await case.ask("device_authorization", client_id="mail-program", remote="198.51.100.1"))
    monkeypatch.setattr(commands, "DEVICES_MAX", 2)
    refused = await case.ask("device_authorization", client_id="mail-program", remote="198.51.100.2")
    assert error_of(refused) == "temporarily_unavailable"


async def test_codes_are_not_to_be_guessed(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "TYPED_MAX", 2)
    person = await case.person()
    assert await case.devices.typed("BBBB-BBBB", person) is None
    assert await case.devices.typed("no code", person) is None
    with pytest.raises(TransientError):
        await case.devices.typed("BBBB-BBBC", person)
    assert await case.devices.typed("BBBB-BBBB", await case.person("bob")) is None


async def test_what_was_decided_or_is_over_does_not_wait(case: Case) -> None:
    person = await case.person()
    begun = content(await case.ask("device_authorization", client_id="mail-program"))
    waiting = await case.devices.typed(begun["user_code"], person)
    assert waiting is not None
    assert await case.devices.decide(waiting, person, is_allowed=True)
    assert await case.devices.typed(begun["user_code"], person) is None
    assert not await case.devices.decide(waiting, person, is_allowed=False)
    begun = content(await case.ask("device_authorization", client_id="mail-program"))
    case.world.clock.advance(600)
    assert await case.devices.typed(begun["user_code"], person) is None
