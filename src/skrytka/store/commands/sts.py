"""MTA-STS policies of other domains are kept. They can be fetched again: no journal row, and nobody is told."""

from typing import Final

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.commands.base import Command, Tx
from skrytka.store.sql import sts as sql
from skrytka.store.statement import Query

SEALED_MAX_BYTES: Final = 256 * 1024
DOMAINS_MAX: Final = 1000


class PutStsPolicy(Command[int], frozen=True):
    """Keep a policy, unless one that was fetched later is there."""

    domain: bytes  # keyed hash
    fetched_at_ms: int
    sealed: bytes

    def run(self, tx: Tx) -> Query[int]:
        if len(self.sealed) > SEALED_MAX_BYTES:
            raise PermanentError(Reason.TOO_LARGE, f"a policy of {len(self.sealed)} bytes")
        yield sql.PUT(domain=self.domain, fetched_at_ms=self.fetched_at_ms, sealed=self.sealed)
        return 1


class DropStsPolicies(Command[int], frozen=True):
    """Forget these."""

    domains: tuple[bytes, ...]

    def run(self, tx: Tx) -> Query[int]:
        if len(self.domains) > DOMAINS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{len(self.domains)} policies in one command")
        for domain in self.domains:
            yield sql.DROP(domain=domain)
        return len(self.domains)
