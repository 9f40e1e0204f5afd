"""Logins of mail programs, through the one door, on a real store."""

import asyncio
import contextlib
from typing import Any

import pytest

from skrytka.mail.identity.bearers import Bearer
from skrytka.mail.identity.controls import Controls
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.mail.identity.types import Means
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import LoginFailed, LoginSucceeded
from skrytka.model.secret import Secret
from skrytka.store.commands import AddClientCertificate, RemoveAppPasswords, RemoveClientCertificate
from tests.unit.mail.identity.programs_world import ALICE, Programs
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, PASSWORD, World

IMAP = PeerFacts()


@pytest.fixture
def made(world: World) -> Programs:
    return Programs(world)


def failure(world: World) -> str:
    """Why the last login was refused, as the event has it."""
    event = world.events.events[-1]
    assert isinstance(event, LoginFailed)
    return event.reason


async def test_an_app_password_opens_and_says_so(world: World, made: Programs) -> None:
    typed = await made.add()
    login = await made.identity.login("ALICE@example.test", Secret(typed.upper()), IMAP, "PLAIN")
    assert (login.address, login.means) == (ALICE, Means.APP_PASSWORD)
    event = world.events.events[-1]
    assert isinstance(event, LoginSucceeded)
    assert (event.means, event.app_password > 0) == ("app_password", True)
    with pytest.raises(PermanentError):
        await made.identity.login("bob@example.test", Secret(typed), IMAP, "PLAIN")
    with pytest.raises(PermanentError):  # a person types his own password into a browser
        await made.identity.login(str(ALICE), Secret(typed), PeerFacts(service="web"), "form")


async def test_with_a_second_factor_programs_need_one_and_the_event_tells_a_stolen_password(
    world: World, made: Programs
) -> None:
    typed = await made.add()
    before = await made.identity.login(str(ALICE), PASSWORD, IMAP, "PLAIN")
    made.credentials.with_mfa = frozenset({ALICE.key})
    for service in ("imaps", "submission", "pop3", "sieve"):
        with pytest.raises(PermanentError) as caught:
            await made.identity.login(str(ALICE), PASSWORD, PeerFacts(service=service), "PLAIN")
        assert caught.value.reason is Reason.BAD_CREDENTIALS
        assert failure(world) == "mfa_required"
    with pytest.raises(PermanentError):
        await made.identity.login(str(ALICE), Secret("wrong"), IMAP, "PLAIN")
    assert failure(world) == "bad_credentials"
    assert (await made.identity.login(str(ALICE), PASSWORD, PeerFacts(service="web"), "form")).account
    assert (await made.identity.login(str(ALICE), Secret(typed), IMAP, "PLAIN")).account
    fresh = Identity(
        made.credentials, world.passwords, RecentLogins(world.clock, world.random), made.gate, world.clock,
        made.programs,
    )  # fmt: skip
    assert not await fresh.is_still_valid(before, IMAP)


async def test_an_old_program_with_the_password_does_not_lock_the_new_one_out(world: World, made: Programs) -> None:
    typed = await made.add()
    made.credentials.with_mfa = frozenset({ALICE.key})
    for _ in range(20):
        with pytest.raises((PermanentError, TransientError)):
            await made.identity.login(str(ALICE), PASSWORD, IMAP, "PLAIN")
    assert failure(world) == "rate_limited"
    assert (await made.identity.login(str(ALICE), Secret(typed), IMAP, "PLAIN")).means is Means.APP_PASSWORD


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"services": ("smtp",)}, "not_permitted"),
        ({"networks": ("198.51.100.0/24",)}, "network_not_allowed"),
        ({"expires_at_ms": 1}, "expired"),
    ],
)
async def test_outside_its_scope_it_is_as_wrong_as_any_other(
    world: World, made: Programs, changes: dict[str, Any], reason: str
) -> None:
    typed = await made.add(**changes)
    with pytest.raises(PermanentError) as caught:
        await made.identity.login(str(ALICE), Secret(typed), IMAP, "PLAIN")
    assert caught.value.reason is Reason.BAD_CREDENTIALS
    assert failure(world) == reason


async def test_open_sessions_end_with_what_they_were_proven_by(world: World, made: Programs) -> None:
    typed = await made.add(expires_at_ms=world.clock.now_ms() + 60_000)
    account = await world.account("alice")

    async def begin() -> bool:
        login = await made.identity.login(str(ALICE), Secret(typed), IMAP, "PLAIN")
        assert await made.identity.is_still_valid(login, IMAP)
        logins.append(login)
        return True

    logins: list[object] = []
    await begin()
    await made.control(account, Controls(services=("smtp",)))
    await asyncio.sleep(0)
    assert not await made.identity.is_still_valid(logins[0], IMAP)  # type: ignore[arg-type]
    await made.control(account, None)
    await asyncio.sleep(0)
    await begin()
    world.clock.advance(61)
    assert not await made.identity.is_still_valid(logins[1], IMAP)  # type: ignore[arg-type]
    typed = await made.add(called="other")
    await begin()
    await world.admin.accounts.set_password(str(ALICE), Secret("another password"), ACTOR)
    await asyncio.sleep(0)
    assert await made.identity.is_still_valid(logins[2], IMAP)  # type: ignore[arg-type]
    await world.store.submit(RemoveAppPasswords(unit=made.unit(), account=account))
    await asyncio.sleep(0)
    assert not await made.identity.is_still_valid(logins[2], IMAP)  # type: ignore[arg-type]


async def test_hours_end_a_session_without_any_change_of_the_directory(world: World, made: Programs) -> None:
    facts = PeerFacts(service="submission")
    await made.control(await world.account("alice"), Controls(hours=("mon-sun 08:00-09:00",)))
    await asyncio.sleep(0)
    minute = world.clock.now_ms() // 60_000 % 1440
    world.clock.advance((8 * 60 + 30 - minute) % 1440 * 60)
    login = await made.identity.login(str(ALICE), PASSWORD, facts, "PLAIN")
    assert await made.identity.is_still_valid(login, facts)
    world.clock.advance(3600)
    assert not await made.identity.is_still_valid(login, facts)
    with pytest.raises(PermanentError):
        await made.identity.login(str(ALICE), PASSWORD, facts, "PLAIN")
    assert failure(world) == "outside_hours"
    controls = await made.identity.controls(login)
    assert controls is not None
    assert controls.hours == ("mon-sun 08:00-09:00",)


async def test_a_token_opens_as_whom_it_was_issued_to(world: World, made: Programs) -> None:
    made.tokens.known[b"good"] = Bearer(ALICE, b"grant 1", world.clock.now_ms() + 60_000)
    assert made.identity.has_bearers
    assert made.identity.bearer_challenge("imaps") == {"scope": "imap"}
    for name in ("", str(ALICE)):
        login = await made.identity.bearer(Secret("good"), name, IMAP, "OAUTHBEARER")
        assert (login.account, login.means) == (await world.account("alice"), Means.TOKEN)
    login = await made.identity.bearer(Secret("good"), "", IMAP, "XOAUTH2")
    assert await made.identity.is_still_valid(login, IMAP)
    refusals = [("bad", "", IMAP, "unknown_token"), ("good", "bob@example.test", IMAP, "not_permitted"),
                ("good", "", PeerFacts(service="submission"), "wrong_scope")]  # fmt: skip
    for token, name, facts, reason in refusals:
        with pytest.raises(PermanentError) as caught:
            await made.identity.bearer(Secret(token), name, facts, "OAUTHBEARER")
        assert caught.value.reason is Reason.BAD_CREDENTIALS
        assert failure(world) == reason
    made.tokens.known.clear()
    await world.admin.accounts.set_quota(str(ALICE), 0, ACTOR)  # any change of the directory
    await asyncio.sleep(0)
    assert not await made.identity.is_still_valid(login, IMAP)


async def test_guesses_at_tokens_are_limited_and_a_right_one_is_not(world: World, made: Programs) -> None:
    made.tokens.known[b"good"] = Bearer(ALICE, b"grant 1", world.clock.now_ms() + 60_000)
    for _ in range(12):
        with contextlib.suppress(PermanentError, TransientError):
            await made.identity.bearer(Secret("bad"), "", IMAP, "OAUTHBEARER")
    assert failure(world) == "rate_limited"
    assert (await made.identity.bearer(Secret("good"), "", IMAP, "OAUTHBEARER")).address == ALICE


async def test_a_token_that_has_had_its_time_counts_against_nobody(
    made: Programs, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def expired(_token: Secret, _right: str) -> Bearer:
        raise PermanentError(Reason.BAD_CREDENTIALS, Reason.EXPIRED.value)

    monkeypatch.setattr(made.tokens, "prove", expired)
    for _ in range(30):
        with pytest.raises(PermanentError):
            await made.identity.bearer(Secret("old"), str(ALICE), IMAP, "OAUTHBEARER")
        assert failure(world) == "expired"


async def test_a_certificate_ends_with_its_row(world: World, made: Programs) -> None:
    import hashlib

    from tests.support.certificates import client_certificate

    der = client_certificate("somebody@elsewhere.test")
    account, fingerprint = await world.account("alice"), hashlib.sha256(der).digest()
    with pytest.raises(PermanentError):
        await made.identity.certificate(der, "", IMAP, "EXTERNAL")
    assert failure(world) == "no_such_user"
    add = AddClientCertificate(unit=made.unit(), account=account, fingerprint=fingerprint)
    await world.store.submit(add)
    login = await made.identity.certificate(der, "alice@EXAMPLE.test", IMAP, "EXTERNAL")
    assert (login.address, login.means) == (ALICE, Means.CERTIFICATE)
    for other in ("bob@example.test", "no address"):
        with pytest.raises(PermanentError):
            await made.identity.certificate(der, other, IMAP, "EXTERNAL")
    assert await made.identity.is_still_valid(login, IMAP)
    await world.store.submit(RemoveClientCertificate(unit=made.unit(), account=account, fingerprint=fingerprint))
    await asyncio.sleep(0)
    assert not await made.identity.is_still_valid(login, IMAP)
