"""Keys that sign for a domain: put there, moved from state to state, gone with their domain."""

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import hosted, log_directory
from skrytka.store.rows import DkimState, Op
from skrytka.store.sql import dkim as sql
from skrytka.store.statement import Query, Value


class NewDkimKey(msgspec.Struct, frozen=True, array_like=True):
    """One key; ``private_key`` is sealed."""

    selector: str
    algorithm: str
    public_key: str  # p= of its record
    private_key: bytes

    def __repr__(self) -> str:
        return f"NewDkimKey({self.selector})"


class AddDkimKeys(Command[None], frozen=True):
    """Keys to be published. ALREADY_EXISTS when one of that algorithm is on its way already."""

    domain: str
    keys: tuple[NewDkimKey, ...]

    def run(self, tx: Tx) -> Query[None]:
        domain = yield from hosted(self.domain)
        for key in self.keys:
            coming = yield sql.COMING(domain=domain, algorithm=key.algorithm)
            if coming:
                said = f"{self.domain} has a key of {key.algorithm} that is to be published: {coming[0][0]}"
                raise PermanentError(Reason.ALREADY_EXISTS, said)
            row = yield sql.INSERT(
                domain=domain,
                selector=key.selector,
                algorithm=key.algorithm,
                state=DkimState.NEW.value,
                public_key=key.public_key,
                private_key=key.private_key,
                now_ms=tx.now_ms,
            )
            if not row:
                raise PermanentError(Reason.ALREADY_EXISTS, f"{self.domain} has a key {key.selector} already")
        selectors = [(key.selector, key.algorithm) for key in self.keys]
        yield from log_directory(tx, Op.DKIM_ADD, (domain, self.domain, selectors))


class DkimMove(msgspec.Struct, frozen=True, array_like=True):
    """One key goes from a state to another; None: it is gone."""

    selector: str
    was: DkimState
    state: DkimState | None


class MoveDkimKeys(Command[None], frozen=True):
    """All moves or none: NOT_PERMITTED when a key is not in the state that was seen. A revoked one loses its secret."""

    domain: str
    moves: tuple[DkimMove, ...]

    def run(self, tx: Tx) -> Query[None]:
        domain = yield from hosted(self.domain)
        for move in self.moves:
            where: dict[str, Value] = {"domain": domain, "selector": move.selector, "was": move.was.value}
            if move.state is None:
                row = yield sql.DELETE(**where)
            else:
                row = yield sql.MOVE(state=move.state.value, now_ms=tx.now_ms, **where)
            if not row:
                said = f"the key {move.selector} of {self.domain} has changed meanwhile"
                raise PermanentError(Reason.NOT_PERMITTED, said)
            if move.state is DkimState.REVOKED:
                yield sql.FORGET(domain=domain, selector=move.selector)
        detail = [(move.selector, move.was.value, move.state and move.state.value) for move in self.moves]
        yield from log_directory(tx, Op.DKIM_MOVE, (domain, self.domain, detail))
