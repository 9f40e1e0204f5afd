"""Programs that people let in: registered, allowed, given tokens, sent away. What is handed out is known by its hash.

What ends something is a change of the directory, of which every process is told: whoever has a token checked in memory
looks again. What is handed out is none, for it happens all the time and nobody has kept that it was not there.
"""

from typing import Any, Final

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import log_directory, number
from skrytka.store.oauth_rows import DeviceState
from skrytka.store.rows import TOKENS_SUBJECT, Op
from skrytka.store.sql import oauth as sql
from skrytka.store.statement import Query

GRANTS_MAX: Final = 100  # of one account; the one that was not used for longest makes room
DEVICES_MAX: Final = 1000  # that wait at a time: whoever asks is nobody yet


class NewTokens(msgspec.Struct, frozen=True, array_like=True):
    """What is handed out, as hashes."""

    access_mac: bytes
    access_expires_at_ms: int
    refresh_mac: bytes | None  # None: nothing to refresh
    expires_at_ms: int  # of the whole grant, unless it is used again

    def __repr__(self) -> str:
        return "NewTokens()"


class AddOAuthClient(Command[None], frozen=True):
    """Register a program; ALREADY_EXISTS."""

    client: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: str
    secret_mac: bytes | None = None
    is_device: bool = False

    def run(self, tx: Tx) -> Query[None]:
        rows = yield sql.INSERT_CLIENT(
            client=self.client,
            name=self.name,
            redirect_uris=msgspec.msgpack.encode(self.redirect_uris),
            scopes=self.scopes,
            secret_mac=self.secret_mac,
            is_device=int(self.is_device),
            now_ms=tx.now_ms,
        )
        if not rows:
            raise PermanentError(Reason.ALREADY_EXISTS, f"there is a client {self.client} already")
        yield from log_directory(tx, Op.OAUTH_CLIENT_ADD, (self.client, self.name, self.redirect_uris, self.scopes))


class RemoveOAuthClient(Command[int], frozen=True):
    """Forget a program and all that anybody allowed it. How many grants ended."""

    client: str

    def run(self, tx: Tx) -> Query[int]:
        if not (yield sql.DELETE_CLIENT(client=self.client)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no client {self.client}")
        rows: Any = yield sql.GRANTS_OF_CLIENT(client=self.client)
        for account, grant_id in rows:
            yield from _drop(account, grant_id)
        yield from log_directory(tx, Op.OAUTH_CLIENT_REMOVE, (self.client, [list(row) for row in rows]))
        return len(rows)


class AddOAuthCode(Command[None], frozen=True):
    """A person allowed a program something: the code that is exchanged for tokens."""

    account: AccountId
    mac: bytes
    grant_id: bytes
    client: str
    redirect_uri: str
    scopes: str
    challenge: str
    nonce: str
    signed_in_at_ms: int
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[None]:
        yield sql.INSERT_CODE(
            account=self.account,
            mac=self.mac,
            grant_id=self.grant_id,
            client=self.client,
            redirect_uri=self.redirect_uri,
            scopes=self.scopes,
            challenge=self.challenge,
            nonce=self.nonce,
            signed_in_at_ms=self.signed_in_at_ms,
            expires_at_ms=self.expires_at_ms,
        )
        tx.log(TOKENS_SUBJECT, Op.OAUTH_CODE, 0, (self.account, self.grant_id, self.client))


class RedeemOAuthCode(Command[bool], frozen=True):
    """Exchange a code for tokens, once; a second time ends what came of the first (RFC 6749 4.1.2), and is False.

    The caller has compared client, place, proof and time.
    """

    account: AccountId
    mac: bytes
    grant_id: bytes
    tokens: NewTokens

    def run(self, tx: Tx) -> Query[bool]:
        rows: Any = yield sql.USE_CODE(account=self.account, mac=self.mac)
        if not rows:
            yield from _revoke(tx, self.account, self.grant_id)
            return False
        grant_id, client, scopes, signed_in_at_ms = rows[0]
        yield from _grant(tx, self.account, grant_id, client, scopes, signed_in_at_ms, self.tokens)
        return True


class RotateOAuthToken(Command[bool], frozen=True):
    """A refresh token makes place for the next. One that was used before is in two hands: all ends, and it is False.

    The caller has seen that it was a token of this grant once.
    """

    account: AccountId
    grant_id: bytes
    was: bytes
    scopes: str  # of the access token: not more than the grant's
    tokens: NewTokens

    def run(self, tx: Tx) -> Query[bool]:
        tokens = self.tokens
        rows = yield sql.ROTATE(
            account=self.account,
            grant_id=self.grant_id,
            refresh_mac=tokens.refresh_mac,
            was=self.was,
            now_ms=tx.now_ms,
            expires_at_ms=tokens.expires_at_ms,
        )
        if not rows:
            yield from _revoke(tx, self.account, self.grant_id)
            return False
        yield from _token(tx, self.account, self.grant_id, self.scopes, tokens)
        tx.log(TOKENS_SUBJECT, Op.OAUTH_ROTATE, 0, (self.account, self.grant_id))
        return True


class RevokeOAuth(Command[int], frozen=True):
    """End a grant of an account, or all of them and whatever is under way. How many grants ended."""

    account: AccountId
    grant_id: bytes | None = None  # None: all

    def run(self, tx: Tx) -> Query[int]:
        if self.grant_id is not None:
            return (yield from _revoke(tx, self.account, self.grant_id))
        ended = yield from forget(self.account)
        yield from log_directory(tx, Op.OAUTH_REVOKE, (self.account, ended))
        return len(ended)


class AddOAuthDevice(Command[bool], frozen=True):
    """A program without a browser waits. False: one of the codes is taken; TOO_MANY wait already."""

    mac: bytes
    user_mac: bytes
    grant_id: bytes
    client: str
    scopes: str
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[bool]:
        ((waiting,),) = yield sql.COUNT_DEVICES(now_ms=tx.now_ms)
        if number(waiting) >= DEVICES_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{waiting} programs wait to be let in")
        rows = yield sql.INSERT_DEVICE(
            mac=self.mac,
            user_mac=self.user_mac,
            grant_id=self.grant_id,
            client=self.client,
            scopes=self.scopes,
            expires_at_ms=self.expires_at_ms,
        )
        if rows:
            tx.log(TOKENS_SUBJECT, Op.OAUTH_DEVICE, 0, (self.grant_id, self.client, DeviceState.WAITING.value))
        return bool(rows)


class DecideOAuthDevice(Command[bool], frozen=True):
    """A person says yes or no to the program whose code he typed. False: it waits no more."""

    user_mac: bytes
    account: AccountId
    is_allowed: bool
    signed_in_at_ms: int

    def run(self, tx: Tx) -> Query[bool]:
        state = DeviceState.ALLOWED if self.is_allowed else DeviceState.DENIED
        rows: Any = yield sql.DECIDE_DEVICE(
            user_mac=self.user_mac,
            state=state.value,
            account=self.account,
            signed_in_at_ms=self.signed_in_at_ms,
            now_ms=tx.now_ms,
        )
        for client, grant_id in rows:
            tx.log(TOKENS_SUBJECT, Op.OAUTH_DEVICE, 0, (grant_id, client, state.value, self.account))
        return bool(rows)


class RedeemOAuthDevice(Command[bool], frozen=True):
    """Give tokens to a program that was let in, once; False when it was not, or not any more."""

    mac: bytes
    tokens: NewTokens

    def run(self, tx: Tx) -> Query[bool]:
        rows: Any = yield sql.TAKE_DEVICE(mac=self.mac)
        for account, grant_id, client, scopes, signed_in_at_ms in rows:
            yield from _grant(tx, account, grant_id, client, scopes, signed_in_at_ms, self.tokens)
        return bool(rows)


class DropOAuthDevice(Command[None], frozen=True):
    """It was told that it is not let in, or too late: nothing waits any more."""

    mac: bytes

    def run(self, tx: Tx) -> Query[None]:
        yield sql.DROP_DEVICE(mac=self.mac)


class ExpireOAuth(Command[int], frozen=True):
    """Forget what has had its time, at most ``limit`` of each kind. How many went."""

    now_ms: int
    limit: int = 500

    def run(self, tx: Tx) -> Query[int]:
        rows: Any = yield sql.EXPIRED_GRANTS(now_ms=self.now_ms, limit=self.limit)
        for account, grant_id in rows:
            yield from _drop(account, grant_id)
        gone = len(rows)
        for statement in (sql.EXPIRE_TOKENS, sql.EXPIRE_CODES, sql.EXPIRE_DEVICES):
            gone += len((yield statement(now_ms=self.now_ms, limit=self.limit)))
        if rows:
            yield from log_directory(tx, Op.OAUTH_EXPIRE, [list(row) for row in rows])
        return gone


def forget(account: AccountId) -> Query[list[bytes]]:
    """Everything of an account, without a journal row; the ids of its grants."""
    rows: Any = yield sql.DELETE_GRANTS_OF_ACCOUNT(account=account)
    yield sql.DELETE_TOKENS_OF_ACCOUNT(account=account)
    yield sql.DELETE_CODES_OF_ACCOUNT(account=account)
    yield sql.DELETE_DEVICES_OF_ACCOUNT(account=account)
    return [bytes(grant_id) for grant_id, _client in rows]


def _grant(
    tx: Tx, account: AccountId, grant_id: bytes, client: str, scopes: str, signed_in_at_ms: int, tokens: NewTokens
) -> Query[None]:
    """A new grant with its first tokens."""
    too_old: Any = yield sql.OLDEST_GRANT(account=account, keep=GRANTS_MAX - 1)
    for (old,) in too_old:
        yield from _revoke(tx, account, old)
    yield sql.INSERT_GRANT(
        account=account,
        grant_id=grant_id,
        client=client,
        scopes=scopes,
        signed_in_at_ms=signed_in_at_ms,
        now_ms=tx.now_ms,
        expires_at_ms=tokens.expires_at_ms,
        refresh_mac=tokens.refresh_mac,
    )
    yield from _token(tx, account, grant_id, scopes, tokens)
    tx.log(TOKENS_SUBJECT, Op.OAUTH_GRANT, 0, (account, grant_id, client, scopes))


def _token(tx: Tx, account: AccountId, grant_id: bytes, scopes: str, tokens: NewTokens) -> Query[None]:
    yield sql.DELETE_OLD_TOKENS(account=account, now_ms=tx.now_ms)
    yield sql.INSERT_TOKEN(
        account=account,
        mac=tokens.access_mac,
        grant_id=grant_id,
        scopes=scopes,
        now_ms=tx.now_ms,
        expires_at_ms=tokens.access_expires_at_ms,
    )


def _revoke(tx: Tx, account: AccountId, grant_id: bytes) -> Query[int]:
    rows = yield from _drop(account, grant_id)
    if rows:
        yield from log_directory(tx, Op.OAUTH_REVOKE, (account, [grant_id]))
    return rows


def _drop(account: AccountId, grant_id: bytes) -> Query[int]:
    rows = yield sql.DELETE_GRANT(account=account, grant_id=grant_id)
    yield sql.DELETE_TOKENS_OF_GRANT(account=account, grant_id=grant_id)
    return len(rows)
