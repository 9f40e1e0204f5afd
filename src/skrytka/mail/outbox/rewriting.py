"""The reverse path of what this server forwards (``protocol.mailauth.srs``), under a key of the node."""

from typing import Final

from skrytka.model.address import NULL_REVERSE_PATH, Address, AddressError, Domain, ReversePath
from skrytka.model.clock import Clock
from skrytka.protocol.mailauth import srs
from skrytka.store.seal.source import KeySource

SRS_SUBJECT: Final = "node:srs"


class Rewriting:
    """TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""

    def __init__(self, keys: KeySource, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def rewritten(self, path: ReversePath, forwarder: Domain) -> ReversePath:
        """Ours; the null one stays (RFC 5321 4.5.5). What cannot be rewritten becomes null: nobody is told of it."""
        if path.address is None:
            return path
        key = await self._keys.node(SRS_SUBJECT)
        try:
            return ReversePath(srs.rewrite(path.address, forwarder, key, self._clock.now_ms()))
        except AddressError:
            return NULL_REVERSE_PATH

    async def restored(self, address: Address) -> Address | None:
        """Whom a report to one of our rewritten addresses is for; None: we have not made it, or too long ago."""
        key = await self._keys.node(SRS_SUBJECT)
        try:
            return srs.restore(address, key, self._clock.now_ms())
        except srs.SrsError:
            return None
