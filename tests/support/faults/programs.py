"""One row of everything that OAuth keeps."""

from skrytka.mail.identity.oauth.mint import OAUTH_SUBJECT, Mint
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId, UnitId, new_id
from skrytka.store.api import Store
from skrytka.store.commands.oauth import (
    AddOAuthClient,
    AddOAuthCode,
    AddOAuthDevice,
    DecideOAuthDevice,
    NewTokens,
    RedeemOAuthCode,
)
from skrytka.store.seal.source import KeySource

HOUR_MS = 3_600_000


async def let_in(store: Store, keys: KeySource, clock: Clock, random: Random) -> None:
    """Account 1 lets in a program that has a secret; another one waits."""
    mint, account, now_ms = Mint(await keys.node(OAUTH_SUBJECT), random), AccountId(1), clock.now_ms()
    code, refresh = mint.code(account), mint.refresh(account, grant_id := new_id(clock, random))
    device, typed = mint.device(), mint.user_code()

    def unit() -> UnitId:
        return UnitId(new_id(clock, random))

    place = "https://web.example.org/cb"
    secret = mint.client_secret().mac
    await store.submit(
        AddOAuthClient(
            unit=unit(), client="web", name="Web mail", redirect_uris=(place,), scopes="imap", secret_mac=secret
        )
    )
    await store.submit(
        AddOAuthCode(
            unit=unit(),
            account=account,
            mac=code.mac,
            grant_id=grant_id,
            client="web",
            redirect_uri=place,
            scopes="imap",
            challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            nonce="n-0S6_WzA2Mj",
            signed_in_at_ms=now_ms,
            expires_at_ms=now_ms + HOUR_MS,
        )
    )
    tokens = NewTokens(mint.access(account).mac, now_ms + HOUR_MS, refresh.mac, now_ms + HOUR_MS)
    await store.submit(RedeemOAuthCode(unit=unit(), account=account, mac=code.mac, grant_id=grant_id, tokens=tokens))
    await store.submit(
        AddOAuthDevice(
            unit=unit(),
            mac=device.mac,
            user_mac=typed.mac,
            grant_id=new_id(clock, random),
            client="web",
            scopes="imap",
            expires_at_ms=now_ms + HOUR_MS,
        )
    )
    await store.submit(
        DecideOAuthDevice(unit=unit(), user_mac=typed.mac, account=account, is_allowed=True, signed_in_at_ms=now_ms)
    )
