import msgspec
import pytest

from skrytka.daemon.deliveries import Base
from skrytka.daemon.oauth import oauth_deps, tokens
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.model.settings import Listener, Listeners, OAuth

WEB = Listeners(web=Listener(port=8442, is_enabled=True))


async def test_without_pages_nobody_can_have_tokens(base: Base) -> None:
    assert tokens(base, StoredCredentials(base.store, base.clock, base.random)) is None


@pytest.mark.parametrize("base", [{"listeners": WEB}], indirect=True)
async def test_tokens_are_taken_where_there_are_pages_to_get_them(base: Base) -> None:
    made = tokens(base, StoredCredentials(base.store, base.clock, base.random))
    assert made is not None
    assert made.challenge("imap")["openid-configuration"].startswith("https://")


async def test_settings_of_now_hold(base: Base) -> None:
    settings = [base.settings]
    made = oauth_deps(base, lambda: settings[0])
    settings[0] = msgspec.structs.replace(base.settings, oauth=OAuth(access_token_s=60))
    assert made.settings().access_token_s == 60
    assert made.issuer.startswith("https://")
