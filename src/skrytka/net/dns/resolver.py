"""Who answers a look-up."""

from typing import Protocol

from skrytka.model.address import Domain
from skrytka.model.dns import Answer


class Resolver(Protocol):
    """Who answers."""

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        """Records of ``name``, through CNAMEs.

        TransientError(DNS_TIMEOUT) when nobody answers in time, TransientError(DNS_FAILURE) when they cannot say,
        PermanentError(BAD_SYNTAX) when it is no name.
        """
        ...
