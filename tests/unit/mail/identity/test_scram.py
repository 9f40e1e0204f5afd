"""SCRAM through the one door: a whole exchange with keys of the store."""

import asyncio
import contextlib

import pytest

from skrytka.mail.identity import app_passwords
from skrytka.mail.identity.scram import LEAST_TRIED, ScramProofs
from skrytka.model.errors import PermanentError, TransientError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import Ask, ScramClaim
from skrytka.protocol.sasl.scram import ScramExchange, ScramKeys
from tests.support.scram_client import ScramClient
from tests.unit.mail.identity.programs_world import ALICE, Programs
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import PASSWORD, World


async def claim_of(made: Programs, name: str, password: str) -> tuple[ScramClient, ScramClaim]:
    """What comes to the server when somebody with that password logs in."""
    client = ScramClient(name, password, b"c" * 18)
    exchange = ScramExchange(await made.identity.scram_salts(), b"s" * 18)
    asked = exchange.begin(Secret(client.first()))
    assert isinstance(asked, Ask)
    claim = exchange.respond(Secret(client.final(asked.message)))
    assert isinstance(claim, ScramClaim)
    return client, claim


async def test_any_of_the_accounts_app_passwords_opens_and_the_server_proves_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_passwords, "SLICE", 2)
    made = Programs(world)
    typed = [await made.add(called=f"app {number}") for number in range(5)]
    for each in typed:
        client, claim = await claim_of(made, str(ALICE), each)
        login, signature = await made.identity.scram(claim, PeerFacts(), "SCRAM-SHA-256")
        assert login.address == ALICE
        assert client.is_server(signature)
        assert await made.identity.is_still_valid(login, PeerFacts())


async def test_other_passwords_and_names_are_refused_alike(world: World) -> None:
    made = Programs(world)
    await made.add()
    for name, password in (
        (str(ALICE), PASSWORD.reveal().decode()),  # never the main password
        (str(ALICE), "abcd-" * 7 + "abcd"),
        ("nobody@example.test", "abcd-" * 7 + "abcd"),
        ("no address", "abcd-" * 7 + "abcd"),
    ):
        _, claim = await claim_of(made, name, password)
        with pytest.raises(PermanentError):
            await made.identity.scram(claim, PeerFacts(), "SCRAM-SHA-256")
    _, claim = await claim_of(made, str(ALICE), "abcd-" * 7 + "abcd")
    for _ in range(20):
        with contextlib.suppress(PermanentError, TransientError):
            await made.identity.scram(claim, PeerFacts(), "SCRAM-SHA-256")
    with pytest.raises(TransientError):
        await made.identity.scram(claim, PeerFacts(), "SCRAM-SHA-256")


async def test_outside_its_scope_an_app_password_proves_nothing(world: World) -> None:
    made = Programs(world)
    typed = await made.add(services=("smtp",))
    _, claim = await claim_of(made, str(ALICE), typed)
    with pytest.raises(PermanentError):
        await made.identity.scram(claim, PeerFacts(), "SCRAM-SHA-256")


async def test_a_salt_is_the_same_tomorrow_and_in_every_process(world: World) -> None:
    one, other = await Programs(world).identity.scram_salts(), await Programs(world).identity.scram_salts()
    for name in ("alice@example.test", "nobody@example.test", "no address"):
        assert one(name) == other(name.upper())
        assert len(one(name)) == 16
    assert one("alice@example.test") != one("nobody@example.test")


async def test_as_many_keys_are_tried_for_a_name_that_nobody_has(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Programs(world)
    await made.add()
    tried = 0

    def counting(_keys: ScramKeys, _claim: ScramClaim) -> bool:
        nonlocal tried
        tried += 1
        return False

    monkeypatch.setattr(ScramKeys, "prove", counting)
    counts = []
    for account in (None, await world.account("alice"), await world.account("bob")):
        tried = 0
        assert await ScramProofs(made.apps, world.random).find(account, ScramClaim("", "", b"", b"p" * 32)) is None
        counts.append(tried)
    assert counts == [LEAST_TRIED] * 3


async def test_trying_hundreds_lets_others_have_their_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_passwords, "SLICE", 1)
    monkeypatch.setattr("skrytka.mail.identity.scram.SLICE", 1)
    made = Programs(world)
    for number in range(3):
        await made.add(called=str(number))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(other())
        await made.programs.proofs.find(await world.account("alice"), ScramClaim("", "", b"", b"p" * 32))
        task.cancel()
    assert turns >= 3
