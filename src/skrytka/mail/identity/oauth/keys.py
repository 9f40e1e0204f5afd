"""What is made of the node's key, fetched when it is first needed: most fronts never see a token."""

from skrytka.mail.identity.oauth.mint import OAUTH_SUBJECT, Mint
from skrytka.mail.identity.oauth.signing import Signing
from skrytka.model.clock import Random
from skrytka.store.seal.source import KeySource


class OAuthKeys:
    """TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""

    def __init__(self, keys: KeySource, random: Random) -> None:
        self._keys = keys
        self._random = random
        self._mint: Mint | None = None
        self._signing: Signing | None = None

    async def mint(self) -> Mint:
        if self._mint is None:
            self._mint = Mint(await self._keys.node(OAUTH_SUBJECT), self._random)
        return self._mint

    async def signing(self) -> Signing:
        if self._signing is None:
            self._signing = Signing(await self._keys.node(OAUTH_SUBJECT))
        return self._signing
