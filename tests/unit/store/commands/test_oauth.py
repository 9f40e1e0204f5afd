"""Programs that people let in, on both engines."""

from typing import Any

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands import (
    AddOAuthClient,
    AddOAuthCode,
    AddOAuthDevice,
    DecideOAuthDevice,
    DropOAuthDevice,
    ExpireOAuth,
    NewTokens,
    RedeemOAuthCode,
    RedeemOAuthDevice,
    RemoveAccount,
    RemoveOAuthClient,
    RevokeOAuth,
    RotateOAuthToken,
)
from skrytka.store.commands import oauth as commands
from skrytka.store.oauth_rows import DeviceState
from skrytka.store.rows import DIRECTORY_SUBJECT
from skrytka.store.sql import journal, oauth
from tests.support.store import StoreCase

HOUR_MS = 3_600_000


def tokens(case: StoreCase, access: bytes, refresh: bytes | None) -> NewTokens:
    now_ms = case.clock.now_ms()
    return NewTokens(access, now_ms + HOUR_MS, refresh, now_ms + 24 * HOUR_MS)


async def code(case: StoreCase, account: AccountId, mac: bytes = b"code", grant_id: bytes = b"grant") -> None:
    await case.store.submit(
        AddOAuthCode(
            unit=case.ids.unit(),
            account=account,
            mac=mac,
            grant_id=grant_id,
            client="thunderbird",
            redirect_uri="http://localhost",
            scopes="imap smtp",
            challenge="c",
            nonce="n",
            signed_in_at_ms=5,
            expires_at_ms=case.clock.now_ms() + 60_000,
        )
    )


async def redeem(case: StoreCase, account: AccountId, mac: bytes = b"code", grant_id: bytes = b"grant") -> bool:
    command = RedeemOAuthCode(
        unit=case.ids.unit(),
        account=account,
        mac=mac,
        grant_id=grant_id,
        tokens=tokens(case, b"access " + grant_id, b"refresh 1"),
    )
    return await case.store.submit(command)


async def rotate(case: StoreCase, account: AccountId, was: bytes, now: bytes, access: bytes) -> bool:
    command = RotateOAuthToken(
        unit=case.ids.unit(),
        account=account,
        grant_id=b"grant",
        was=was,
        scopes="imap",
        tokens=tokens(case, access, now),
    )
    return await case.store.submit(command)


async def directory_state(case: StoreCase) -> int:
    return (await case.store.read(journal.states())).get(DIRECTORY_SUBJECT, 0)


async def test_a_code_becomes_tokens_and_tells_the_directory_nothing(case: StoreCase) -> None:
    alice, _bob = await case.two_accounts()
    before = await directory_state(case)
    await code(case, alice)
    row = await case.store.read(oauth.code(alice, b"code"))
    assert row is not None
    assert (row.client, row.redirect_uri, row.challenge, row.nonce, row.is_used) == (
        "thunderbird",
        "http://localhost",
        "c",
        "n",
        False,
    )
    assert await redeem(case, alice)
    token = await case.store.read(oauth.token(alice, b"access grant"))
    assert token is not None
    assert (token.address, token.is_active, token.client, token.scopes, token.signed_in_at_ms) == (
        "alice@example.test",
        True,
        "thunderbird",
        "imap smtp",
        5,
    )
    assert await directory_state(case) == before
    assert "refresh" not in repr(await case.store.read(oauth.grants(alice)))


async def test_a_code_used_twice_ends_what_came_of_it(case: StoreCase) -> None:
    alice, _bob = await case.two_accounts()
    await code(case, alice)
    assert await redeem(case, alice)
    before = await directory_state(case)
    assert not await redeem(case, alice)
    assert await case.store.read(oauth.grants(alice)) == []
    assert await case.store.read(oauth.token(alice, b"access grant")) is None
    assert await directory_state(case) == before + 1


async def test_a_code_is_of_one_account(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await code(case, alice)
    assert await case.store.read(oauth.code(bob, b"code")) is None
    assert not await redeem(case, bob)
    assert await redeem(case, alice)


async def test_a_refresh_token_rotates_and_an_old_one_ends_the_family(case: StoreCase) -> None:
    alice, _bob = await case.two_accounts()
    await code(case, alice)
    await redeem(case, alice)
    case.clock.advance(10)
    assert await rotate(case, alice, b"refresh 1", b"refresh 2", b"access 2")
    grant = await case.store.read(oauth.grant(alice, b"grant"))
    assert grant is not None
    assert (grant.refresh_mac, grant.used_at_ms - grant.created_at_ms) == (b"refresh 2", 10_000)
    token = await case.store.read(oauth.token(alice, b"access 2"))
    assert token is not None
    assert token.scopes == "imap"
    assert await case.store.read(oauth.token(alice, b"access grant")) is not None
    assert not await rotate(case, alice, b"refresh 1", b"refresh 3", b"access 3")
    assert await case.store.read(oauth.grant(alice, b"grant")) is None
    for access in (b"access grant", b"access 2", b"access 3"):
        assert await case.store.read(oauth.token(alice, access)) is None
    assert not await rotate(case, alice, b"refresh 2", b"refresh 3", b"access 3")


async def test_one_grant_or_all_of_an_account_end(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    for number, account in enumerate((alice, alice, alice, bob)):
        await code(case, account, b"code %d" % number, b"grant %d" % number)
        await redeem(case, account, b"code %d" % number, b"grant %d" % number)
    await code(case, alice, b"pending", b"grant 9")
    before = await directory_state(case)
    assert await case.store.submit(RevokeOAuth(unit=case.ids.unit(), account=alice, grant_id=b"grant 1")) == 1
    assert await case.store.submit(RevokeOAuth(unit=case.ids.unit(), account=alice, grant_id=b"grant 1")) == 0
    assert await directory_state(case) == before + 1
    assert await case.store.submit(RevokeOAuth(unit=case.ids.unit(), account=alice)) == 2
    assert await case.store.read(oauth.code(alice, b"pending")) is None
    assert [row.grant_id for row in await case.store.read(oauth.grants(bob))] == [b"grant 3"]
    assert await directory_state(case) == before + 2


async def test_a_removed_account_has_no_tokens(case: StoreCase) -> None:
    alice, _bob = await case.two_accounts()
    await code(case, alice)
    await redeem(case, alice)
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=alice))
    assert await case.store.read(oauth.grants(alice)) == []
    assert await case.store.read(oauth.token(alice, b"access grant")) is None


async def test_too_many_grants_push_out_the_one_that_was_not_used_for_longest(
    case: StoreCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "GRANTS_MAX", 2)
    alice, _bob = await case.two_accounts()
    for number in range(3):
        case.clock.advance(1)
        await code(case, alice, b"code %d" % number, b"grant %d" % number)
        await redeem(case, alice, b"code %d" % number, b"grant %d" % number)
    assert [row.grant_id for row in await case.store.read(oauth.grants(alice))] == [b"grant 1", b"grant 2"]


async def test_a_client_goes_with_what_it_was_allowed(case: StoreCase) -> None:
    alice, _bob = await case.two_accounts()
    values: dict[str, Any] = {
        "client": "thunderbird",
        "name": "Thunderbird",
        "redirect_uris": ("http://localhost", "https://a.example/"),
        "scopes": "imap",
        "secret_mac": b"mac",
    }
    await case.store.submit(AddOAuthClient(unit=case.ids.unit(), **values))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(AddOAuthClient(unit=case.ids.unit(), **values))
    assert caught.value.reason is Reason.ALREADY_EXISTS
    row = await case.store.read(oauth.client("thunderbird"))
    assert row is not None
    assert (row.redirect_uris, row.secret_mac) == (("http://localhost", "https://a.example/"), b"mac")
    assert "mac" not in repr(row)
    assert await case.store.read(oauth.clients()) == [row]
    await code(case, alice)
    await redeem(case, alice)
    assert await case.store.submit(RemoveOAuthClient(unit=case.ids.unit(), client="thunderbird")) == 1
    assert await case.store.read(oauth.token(alice, b"access grant")) is None
    assert await case.store.read(oauth.client("thunderbird")) is None
    with pytest.raises(PermanentError):
        await case.store.submit(RemoveOAuthClient(unit=case.ids.unit(), client="thunderbird"))


async def device(case: StoreCase, mac: bytes = b"device", user_mac: bytes = b"user") -> bool:
    command = AddOAuthDevice(
        unit=case.ids.unit(),
        mac=mac,
        user_mac=user_mac,
        grant_id=b"g " + mac,
        client="tv",
        scopes="imap",
        expires_at_ms=case.clock.now_ms() + 600_000,
    )
    return await case.store.submit(command)


async def decide(case: StoreCase, account: AccountId, *, is_allowed: bool) -> bool:
    command = DecideOAuthDevice(
        unit=case.ids.unit(), user_mac=b"user", account=account, is_allowed=is_allowed, signed_in_at_ms=7
    )
    return await case.store.submit(command)


async def take(case: StoreCase, mac: bytes = b"device") -> bool:
    return await case.store.submit(
        RedeemOAuthDevice(unit=case.ids.unit(), mac=mac, tokens=tokens(case, b"access", b"refresh"))
    )


async def test_a_device_gets_tokens_once_after_somebody_said_yes(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    assert await device(case)
    assert not await device(case, b"other", b"user")
    assert not await take(case)
    assert await decide(case, alice, is_allowed=True)
    assert not await decide(case, bob, is_allowed=True)
    row = await case.store.read(oauth.device(b"device"))
    assert row is not None
    assert (row.state, row.account, row.signed_in_at_ms) == (DeviceState.ALLOWED, alice, 7)
    assert await take(case)
    assert not await take(case)
    (grant,) = await case.store.read(oauth.grants(alice))
    assert (grant.grant_id, grant.client, grant.signed_in_at_ms) == (b"g device", "tv", 7)


async def test_a_device_that_is_refused_gets_nothing_and_goes(case: StoreCase) -> None:
    alice, _bob = await case.two_accounts()
    await device(case)
    assert await decide(case, alice, is_allowed=False)
    assert not await take(case)
    row = await case.store.read(oauth.device_by_user_code(b"user"))
    assert row is not None
    assert row.state is DeviceState.DENIED
    await case.store.submit(DropOAuthDevice(unit=case.ids.unit(), mac=b"device"))
    assert await case.store.read(oauth.device(b"device")) is None


async def test_only_so_many_devices_wait(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "DEVICES_MAX", 1)
    await device(case)
    with pytest.raises(PermanentError) as caught:
        await device(case, b"other", b"other")
    assert caught.value.reason is Reason.TOO_MANY
    case.clock.advance(2000)  # whoever has had his time waits no more, though nobody has cleaned yet
    await device(case, b"other", b"other")


async def test_what_has_had_its_time_goes(case: StoreCase) -> None:
    alice, _bob = await case.two_accounts()
    await code(case, alice)
    await redeem(case, alice)
    await code(case, alice, b"second", b"other")
    await device(case)
    now_ms, before = case.clock.now_ms(), await directory_state(case)

    async def expire(at_ms: int) -> int:
        return await case.store.submit(ExpireOAuth(unit=case.ids.unit(), now_ms=at_ms))

    assert await expire(now_ms) == 0
    assert await expire(now_ms + HOUR_MS) == 4  # an access token, two codes, a device
    assert len(await case.store.read(oauth.grants(alice))) == 1
    assert await directory_state(case) == before
    assert await expire(now_ms + 24 * HOUR_MS) == 1
    assert await case.store.read(oauth.grants(alice)) == []
    assert await directory_state(case) == before + 1


def test_no_command_shows_what_it_carries(case: StoreCase) -> None:
    assert "secret" not in repr(tokens(case, b"secret", b"secret"))
