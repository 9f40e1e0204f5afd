"""Questions about programs that people let in, and the statements that change what they may."""

from typing import Any

import msgspec

from skrytka.model.ids import AccountId
from skrytka.store.oauth_rows import (
    DeviceState,
    OAuthClientRow,
    OAuthCodeRow,
    OAuthDeviceRow,
    OAuthGrantRow,
    OAuthTokenRow,
)
from skrytka.store.statement import Query, Row, Statement

INSERT_CLIENT = Statement(
    "INSERT INTO oauth_client (client, name, redirect_uris, scopes, secret_mac, is_device, created_at_ms)"
    " VALUES (:client, :name, :redirect_uris, :scopes, :secret_mac, :is_device, :now_ms)"
    " ON CONFLICT (client) DO NOTHING RETURNING client"
)
DELETE_CLIENT = Statement("DELETE FROM oauth_client WHERE client = :client RETURNING client")

INSERT_GRANT = Statement(
    "INSERT INTO oauth_grant (account, grant_id, client, scopes, signed_in_at_ms, created_at_ms, used_at_ms,"
    " expires_at_ms, refresh_mac) VALUES (:account, :grant_id, :client, :scopes, :signed_in_at_ms, :now_ms, :now_ms,"
    " :expires_at_ms, :refresh_mac)"
)
ROTATE = Statement(
    "UPDATE oauth_grant SET refresh_mac = :refresh_mac, used_at_ms = :now_ms, expires_at_ms = :expires_at_ms"
    " WHERE account = :account AND grant_id = :grant_id AND refresh_mac = :was RETURNING grant_id"
)
DELETE_GRANT = Statement(
    "DELETE FROM oauth_grant WHERE account = :account AND grant_id = :grant_id RETURNING grant_id, client"
)
DELETE_GRANTS_OF_ACCOUNT = Statement("DELETE FROM oauth_grant WHERE account = :account RETURNING grant_id, client")
GRANTS_OF_CLIENT = Statement(
    "SELECT account, grant_id FROM oauth_grant WHERE client = :client ORDER BY account, grant_id"
)
OLDEST_GRANT = Statement(
    "SELECT grant_id FROM oauth_grant WHERE account = :account ORDER BY used_at_ms DESC, grant_id LIMIT 1 OFFSET :keep"
)

INSERT_TOKEN = Statement(
    "INSERT INTO oauth_token (account, mac, grant_id, scopes, issued_at_ms, expires_at_ms)"
    " VALUES (:account, :mac, :grant_id, :scopes, :now_ms, :expires_at_ms)"
)
DELETE_OLD_TOKENS = Statement("DELETE FROM oauth_token WHERE account = :account AND expires_at_ms <= :now_ms")
DELETE_TOKENS_OF_GRANT = Statement("DELETE FROM oauth_token WHERE account = :account AND grant_id = :grant_id")
DELETE_TOKENS_OF_ACCOUNT = Statement("DELETE FROM oauth_token WHERE account = :account")

INSERT_CODE = Statement(
    "INSERT INTO oauth_code (account, mac, grant_id, client, redirect_uri, scopes, challenge, nonce, signed_in_at_ms,"
    " expires_at_ms, is_used) VALUES (:account, :mac, :grant_id, :client, :redirect_uri, :scopes, :challenge, :nonce,"
    " :signed_in_at_ms, :expires_at_ms, 0)"
)
USE_CODE = Statement(
    "UPDATE oauth_code SET is_used = 1 WHERE account = :account AND mac = :mac AND is_used = 0"
    " RETURNING grant_id, client, scopes, signed_in_at_ms"
)
DELETE_CODES_OF_ACCOUNT = Statement("DELETE FROM oauth_code WHERE account = :account")

INSERT_DEVICE = Statement(
    "INSERT INTO oauth_device (mac, user_mac, grant_id, client, scopes, state, account, signed_in_at_ms, expires_at_ms)"
    " VALUES (:mac, :user_mac, :grant_id, :client, :scopes, 'waiting', NULL, 0, :expires_at_ms)"
    " ON CONFLICT DO NOTHING RETURNING mac"
)
COUNT_DEVICES = Statement("SELECT count(*) FROM oauth_device WHERE expires_at_ms > :now_ms")
DECIDE_DEVICE = Statement(
    "UPDATE oauth_device SET state = :state, account = :account, signed_in_at_ms = :signed_in_at_ms"
    " WHERE user_mac = :user_mac AND state = 'waiting' AND expires_at_ms > :now_ms RETURNING client, grant_id"
)
TAKE_DEVICE = Statement(
    "DELETE FROM oauth_device WHERE mac = :mac AND state = 'allowed'"
    " RETURNING account, grant_id, client, scopes, signed_in_at_ms"
)
DROP_DEVICE = Statement("DELETE FROM oauth_device WHERE mac = :mac")
DELETE_DEVICES_OF_ACCOUNT = Statement("DELETE FROM oauth_device WHERE account = :account")

EXPIRED_GRANTS = Statement(
    "SELECT account, grant_id FROM oauth_grant WHERE expires_at_ms <= :now_ms ORDER BY account, grant_id LIMIT :limit"
)
EXPIRE_TOKENS = Statement(
    "DELETE FROM oauth_token WHERE (account, mac) IN"
    " (SELECT account, mac FROM oauth_token WHERE expires_at_ms <= :now_ms LIMIT :limit) RETURNING account"
)
EXPIRE_CODES = Statement(
    "DELETE FROM oauth_code WHERE (account, mac) IN"
    " (SELECT account, mac FROM oauth_code WHERE expires_at_ms <= :now_ms LIMIT :limit) RETURNING account"
)
EXPIRE_DEVICES = Statement(
    "DELETE FROM oauth_device WHERE mac IN"
    " (SELECT mac FROM oauth_device WHERE expires_at_ms <= :now_ms LIMIT :limit) RETURNING mac"
)

_CLIENT = Statement(
    "SELECT client, name, redirect_uris, scopes, secret_mac, is_device, created_at_ms FROM oauth_client"
    " WHERE client = :client"
)
_CLIENTS = Statement(
    "SELECT client, name, redirect_uris, scopes, secret_mac, is_device, created_at_ms FROM oauth_client ORDER BY client"
)
_GRANT = Statement(
    "SELECT account, grant_id, client, scopes, signed_in_at_ms, created_at_ms, used_at_ms, expires_at_ms, refresh_mac"
    " FROM oauth_grant WHERE account = :account AND grant_id = :grant_id"
)
_GRANTS = Statement(
    "SELECT account, grant_id, client, scopes, signed_in_at_ms, created_at_ms, used_at_ms, expires_at_ms, refresh_mac"
    " FROM oauth_grant WHERE account = :account ORDER BY created_at_ms, grant_id"
)
_TOKEN = Statement(
    "SELECT t.account, a.address, a.status, t.grant_id, g.client, t.scopes, g.signed_in_at_ms, t.issued_at_ms,"
    " t.expires_at_ms FROM oauth_token t"
    " JOIN oauth_grant g ON g.account = t.account AND g.grant_id = t.grant_id JOIN account a ON a.account = t.account"
    " WHERE t.account = :account AND t.mac = :mac"
)
_CODE = Statement(
    "SELECT account, grant_id, client, redirect_uri, scopes, challenge, nonce, signed_in_at_ms, expires_at_ms, is_used"
    " FROM oauth_code WHERE account = :account AND mac = :mac"
)
_DEVICE = Statement(
    "SELECT mac, grant_id, client, scopes, state, account, signed_in_at_ms, expires_at_ms FROM oauth_device"
    " WHERE mac = :mac"
)
_DEVICE_BY_USER = Statement(
    "SELECT mac, grant_id, client, scopes, state, account, signed_in_at_ms, expires_at_ms FROM oauth_device"
    " WHERE user_mac = :user_mac"
)
_uris = msgspec.msgpack.Decoder(tuple[str, ...])


def client(name: str) -> Query[OAuthClientRow | None]:
    """A program that was registered here, by its client id."""
    rows = yield _CLIENT(client=name)
    return _client_row(rows[0]) if rows else None


def clients() -> Query[list[OAuthClientRow]]:
    """All of them by client id."""
    return [_client_row(row) for row in (yield _CLIENTS())]


def grant(account: AccountId, grant_id: bytes) -> Query[OAuthGrantRow | None]:
    rows: list[Any] = yield _GRANT(account=account, grant_id=grant_id)
    return OAuthGrantRow(*rows[0]) if rows else None


def grants(account: AccountId) -> Query[list[OAuthGrantRow]]:
    """What the account allowed, the oldest first; what has expired too, until the keeper comes."""
    rows: list[Any] = yield _GRANTS(account=account)
    return [OAuthGrantRow(*row) for row in rows]


def token(account: AccountId, mac: bytes) -> Query[OAuthTokenRow | None]:
    """An access token, expired or not, while its grant stands."""
    rows: list[Any] = yield _TOKEN(account=account, mac=mac)
    return OAuthTokenRow(*rows[0])._replace(is_active=rows[0][2] == "active") if rows else None


def code(account: AccountId, mac: bytes) -> Query[OAuthCodeRow | None]:
    rows: list[Any] = yield _CODE(account=account, mac=mac)
    return OAuthCodeRow(*rows[0])._replace(is_used=bool(rows[0][9])) if rows else None


def device(mac: bytes) -> Query[OAuthDeviceRow | None]:
    """By the code that the program has."""
    return _device_row((yield _DEVICE(mac=mac)))


def device_by_user_code(user_mac: bytes) -> Query[OAuthDeviceRow | None]:
    """By the code that a person types."""
    return _device_row((yield _DEVICE_BY_USER(user_mac=user_mac)))


def _client_row(row: Row) -> OAuthClientRow:
    found = OAuthClientRow._make(row)
    raw: Any = row[2]
    return found._replace(redirect_uris=_uris.decode(raw), is_device=bool(row[5]))


def _device_row(rows: list[Any]) -> OAuthDeviceRow | None:
    return OAuthDeviceRow(*rows[0])._replace(state=DeviceState(rows[0][4])) if rows else None
