import pytest

from skrytka.mail.identity.factors import Factors, Owner
from skrytka.mail.identity.proofs import TRIES, WINDOW_S, Proofs
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import SecondFactorAccepted, SecondFactorRefused
from skrytka.model.secret import Secret
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.store.commands.factors import FAILURES_MAX
from tests.support.authenticator import Authenticator
from tests.unit.mail.identity.test_factors import ALICE, ORIGIN, add_totp, code, factors, notices, owner
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import World

PEER = PeerFacts(service="web")
AWAY = PeerFacts(service="web", remote="203.0.113.9", network="203.0.113.0/24")
WRONG_CODE = Secret("abcde-fghij-kmnpq-rstuv-wxyz2")


def proofs(world: World, made: Factors) -> Proofs:
    return Proofs(made, LocalLimits(LimitTable(world.clock)))


def told(world: World) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for event in world.events.events:
        if isinstance(event, SecondFactorAccepted):
            found.append((event.factor, "accepted", event.account_name))
        if isinstance(event, SecondFactorRefused):
            found.append((event.factor, event.reason, event.account_name))
    return found


async def add_key(made: Factors, who: Owner, device: Authenticator, *, is_passkey: bool) -> None:
    options = await made.begin_webauthn(who, b"session", is_passkey=is_passkey)
    await made.add_webauthn(who, b"session", "key", device.create(options), ALICE)


async def test_a_code_opens_once(world: World) -> None:
    made, alice = factors(world), await owner(world)
    seed = await add_totp(world, made, alice)
    asked = proofs(world, made)
    with pytest.raises(PermanentError) as caught:
        await asked.totp(alice, code(world, seed), PEER)  # it was used to enrol
    assert caught.value.reason is Reason.BAD_CREDENTIALS
    world.clock.advance(30)
    await asked.totp(alice, code(world, seed), PEER)
    with pytest.raises(PermanentError):
        await asked.totp(alice, code(world, seed), PEER)
    assert told(world) == [
        ("totp", "bad_credentials", ALICE),
        ("totp", "accepted", ALICE),
        ("totp", "bad_credentials", ALICE),
    ]
    assert (await made.state(alice)).factors[0].used_at_ms == world.clock.now_ms()


async def test_a_code_of_any_app_of_the_account_will_do_and_of_nobody_else(world: World) -> None:
    made, alice, bob = factors(world), await owner(world), await owner(world, "bob")
    seeds = [await add_totp(world, made, alice), await add_totp(world, made, alice)]
    await add_totp(world, made, bob)
    asked = proofs(world, made)
    world.clock.advance(30)
    for seed in seeds:
        await asked.totp(alice, code(world, seed), PEER)
        with pytest.raises(PermanentError):
            await asked.totp(bob, code(world, seed), PEER)


async def test_tries_are_limited_by_account_before_anything_is_computed(world: World) -> None:
    made, alice, bob = factors(world), await owner(world), await owner(world, "bob")
    seed, of_bob = await add_totp(world, made, alice), await add_totp(world, made, bob)
    asked = proofs(world, made)
    for _ in range(TRIES):
        with pytest.raises(PermanentError):
            await asked.totp(alice, "000000", PEER)
    world.clock.advance(30)
    with pytest.raises(TransientError) as caught:
        await asked.totp(alice, code(world, seed), PEER)
    assert caught.value.reason is Reason.RATE_LIMITED
    with pytest.raises(TransientError):
        await asked.totp(alice, code(world, seed), AWAY)  # six digits could be guessed from many networks
    await asked.totp(bob, code(world, of_bob), PEER)
    world.clock.advance(2 * WINDOW_S)
    await asked.totp(alice, code(world, seed), PEER)


async def test_a_hundred_wrong_codes_in_a_row_end_the_app_until_it_is_reset(world: World) -> None:
    made, alice = factors(world), await owner(world)
    seed = await add_totp(world, made, alice)
    asked = proofs(world, made)
    for number in range(FAILURES_MAX):
        if number % TRIES == 0:
            world.clock.advance(2 * WINDOW_S)
        with pytest.raises(PermanentError):
            await asked.totp(alice, "00000", PEER)
    world.clock.advance(2 * WINDOW_S)
    with pytest.raises(PermanentError):
        await asked.totp(alice, code(world, seed), PEER)
    assert (await made.state(alice)).factors[0].is_locked
    assert (await made.state(alice)).has_mfa


async def test_a_recovery_code_opens_once_and_its_owner_is_told(world: World) -> None:
    made, alice, bob = factors(world), await owner(world), await owner(world, "bob")
    await add_totp(world, made, alice)
    await add_totp(world, made, bob)
    codes = await made.make_codes(alice, ALICE)
    asked = proofs(world, made)
    typed = Secret(codes[3].reveal().upper())
    assert await asked.recovery(alice, typed, PEER) == 9
    for who, wrong in ((alice, codes[3]), (bob, codes[4]), (alice, WRONG_CODE), (alice, Secret("nonsense"))):
        with pytest.raises(PermanentError) as caught:
            await asked.recovery(who, wrong, PEER)
        assert caught.value.reason is Reason.BAD_CREDENTIALS
    assert "code.used" in await notices(world)
    assert told(world)[0] == ("recovery", "accepted", ALICE)


async def test_a_security_key_is_a_second_factor(world: World) -> None:
    made, alice = factors(world), await owner(world)
    device = Authenticator(ORIGIN, is_verifying=False)
    await add_key(made, alice, device, is_passkey=False)
    asked = proofs(world, made)
    options = await asked.begin_webauthn(b"s", alice)
    assert len(options["publicKey"]["allowCredentials"]) == 1
    assert not await asked.webauthn(b"s", alice, device.get(options), PEER)
    assert told(world) == [("webauthn", "accepted", ALICE)]


async def test_a_passkey_alone_tells_who_it_is(world: World) -> None:
    made, alice = factors(world), await owner(world)
    device = Authenticator(ORIGIN, counts=False)  # synchronised passkeys do not count
    await add_key(made, alice, device, is_passkey=True)
    asked = proofs(world, made)
    for _ in range(2):
        found = await asked.passkey(b"s", device.get(await asked.begin_webauthn(b"s", None)), PEER)
        assert found == alice


async def test_a_passkey_of_nobody_or_of_somebody_else_is_refused(world: World) -> None:
    made, alice, bob = factors(world), await owner(world), await owner(world, "bob")
    device, of_bob = Authenticator(ORIGIN), Authenticator(ORIGIN)
    await add_key(made, alice, device, is_passkey=True)
    await add_key(made, bob, of_bob, is_passkey=True)
    asked = proofs(world, made)
    handles = (b"", b"x" * 24, of_bob.handle)
    for handle in handles:
        device.handle = handle
        with pytest.raises(PermanentError) as caught:
            await asked.passkey(b"s", device.get(await asked.begin_webauthn(b"s", None)), PEER)
        assert caught.value.reason is Reason.BAD_CREDENTIALS


async def test_a_counter_that_does_not_rise_is_a_copy_and_refused(world: World) -> None:
    made, alice = factors(world), await owner(world)
    device = Authenticator(ORIGIN)
    await add_key(made, alice, device, is_passkey=True)
    asked = proofs(world, made)
    device.counter = 7
    assert await asked.webauthn(b"s", alice, device.get(await asked.begin_webauthn(b"s", alice)), PEER)
    device.counter = 7
    with pytest.raises(PermanentError) as caught:
        await asked.webauthn(b"s", alice, device.get(await asked.begin_webauthn(b"s", alice)), PEER)
    assert "counter" in caught.value.detail


async def test_a_thief_who_has_the_password_keeps_the_owner_from_nothing_that_cannot_be_guessed(world: World) -> None:
    made, alice = factors(world), await owner(world)
    device = Authenticator(ORIGIN)
    await add_key(made, alice, device, is_passkey=True)
    await add_totp(world, made, alice)
    codes = await made.make_codes(alice, ALICE)
    asked = proofs(world, made)
    for _ in range(TRIES):
        for wrong in (asked.totp(alice, "000000", AWAY), asked.recovery(alice, WRONG_CODE, AWAY)):
            with pytest.raises(PermanentError):
                await wrong
    with pytest.raises(TransientError):
        await asked.webauthn(b"session", alice, {}, AWAY)  # they share the tries of that network
    await asked.recovery(alice, codes[0], PEER)
    options = await asked.begin_webauthn(b"session", None)
    assert await asked.passkey(b"session", device.get(options), PEER) == alice
