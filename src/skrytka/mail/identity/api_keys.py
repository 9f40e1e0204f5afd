"""Keys of programs for the API: what an account allows a program to do in its place, and never more than it may itself.

256 random bits, kept as a keyed hash; for some permissions, best in one domain, from some networks, so many requests a
minute, for 90 days at most. Rights over rights are not given to programs, and what wants a fresh proof of identity is
out of their reach.
"""

import hmac
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from skrytka.mail.identity.access_deps import AccessPart, mac, open_record, seal
from skrytka.mail.identity.permissions import Permission, may
from skrytka.mail.identity.roles import Roles
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, id_text, parse_id
from skrytka.model.secret import Secret
from skrytka.net.facts import Networks, normalise
from skrytka.store.access_rows import ApiKeyRow
from skrytka.store.commands.access import AddApiKey, RemoveApiKey, UseApiKey
from skrytka.store.rows import AccountStatus
from skrytka.store.sql import access as sql
from skrytka.store.sql import directory

PREFIX: Final = "skrytka_"  # so that who finds one in a repository knows what it is
SECRET_BYTES: Final = 32
DAYS_MAX: Final = 90
NAME_MAX: Final = 64
RATE_MAX: Final = 6000
USED_EVERY_S: Final = 60
PROGRAM: Final = Grant(AccessRole.SERVICE)
NEVER: Final = frozenset(
    {
        *(Permission.OWN, Permission.ROLE_WRITE, Permission.API_KEY_WRITE),
        *(Permission.APPROVAL_DECIDE, Permission.APPROVAL_ASK),
    }
)
EVERYTHING: Final = "*"  # all that its account may there on the day that the key is made, but for what no key may
_TOKEN = re.compile(PREFIX + r"([1-9][0-9]{0,18})_([0-9A-HJKMNP-TV-Z]{26})_([0-9a-f]{64})")
_LABEL: Final = b"api_key"
_DAY_MS: Final = 86_400_000


class Limits(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a key."""

    name: str
    permissions: tuple[str, ...]
    domain: str | None = None  # None: wherever its account may
    networks: tuple[str, ...] = ()  # empty: all that may connect
    per_minute: int = 600


class ApiKeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    id: str
    account: int
    address: str  # of that account
    name: str
    permissions: tuple[str, ...]
    domain: str | None
    networks: tuple[str, ...]
    per_minute: int
    created_at_ms: int
    expires_at_ms: int
    used_at_ms: int | None  # to the minute


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once."""

    key: ApiKeyInfo
    token: str

    def __repr__(self) -> str:
        return f"NewApiKey({self.key.id})"


class Program(NamedTuple):
    """Who is behind a key that holds."""

    actor: Actor
    key: str
    per_minute: int


class ApiKeys(AccessPart):
    """Of all accounts."""

    async def add(self, limits: Limits, days: int, actor: Actor) -> NewApiKey:
        """PermanentError for what the actor may not do himself, and for what no key may."""
        limits = _spelt_out(limits, actor)
        account = await self._checked(limits, days, actor)
        deps, keys, key_id = self._deps, await self._keys(), self._id()
        secret = deps.random.token(SECRET_BYTES)
        row = ApiKeyRow(
            account=account,
            api_key=key_id,
            mac=mac(keys, _LABEL, secret),
            record=seal(keys, _LABEL, key_id, limits),
            created_at_ms=deps.clock.now_ms(),
            expires_at_ms=deps.clock.now_ms() + days * _DAY_MS,
            used_at_ms=0,
        )
        await deps.store.submit(
            AddApiKey(
                unit=self._unit(),
                account=account,
                api_key=key_id,
                mac=row.mac,
                record=row.record,
                expires_at_ms=row.expires_at_ms,
            )
        )
        token = f"{PREFIX}{account}_{id_text(key_id)}_{secret.hex()}"
        return NewApiKey(key=_info(row, limits, await self._address(account)), token=token)

    async def find(self, token: Secret, remote: str) -> Program | None:
        """Who shows it, from where; None for everything that is wrong."""
        found = _TOKEN.fullmatch(token.reveal().decode("utf-8", "replace"))
        if found is None or int(found[1]) >= 2**62 or found[2][0] > "7":
            return None
        keys = await self._keys()
        row = await self._deps.store.read(sql.api_key(AccountId(int(found[1])), parse_id(found[2])))
        given = mac(keys, _LABEL, bytes.fromhex(found[3]))
        if row is None or not hmac.compare_digest(row.mac, given) or self._deps.clock.now_ms() >= row.expires_at_ms:
            return None
        limits = open_record(keys, _LABEL, row.api_key, row.record, Limits)
        owner = await self._deps.store.read(directory.account_by_id(row.account))
        if owner is None or owner.status is not AccountStatus.ACTIVE:
            return None
        if limits.networks and normalise(remote) not in Networks(limits.networks):
            return None
        if self._deps.clock.now_ms() - row.used_at_ms >= USED_EVERY_S * 1000:
            await self._deps.store.submit(UseApiKey(unit=self._unit(), account=row.account, api_key=row.api_key))
        grants = (PROGRAM, *_within(await Roles(self._deps).of(row.account), limits.domain))
        name = f"key {limits.name} of {owner.address}"
        actor = Actor(name, row.account, grants, limited_to=frozenset(limits.permissions) - NEVER | {Permission.PING})
        return Program(actor, id_text(row.api_key), limits.per_minute)

    async def list(self) -> list[ApiKeyInfo]:
        """The expired ones too."""
        keys = await self._keys()
        rows = await self._deps.store.read(sql.api_keys())
        addresses = {account: await self._address(account) for account in {row.account for row in rows}}
        return [
            _info(row, open_record(keys, _LABEL, row.api_key, row.record, Limits), addresses[row.account])
            for row in rows
        ]

    async def remove(self, key: str) -> ApiKeyInfo:
        """NO_SUCH_OBJECT when there is none."""
        for info in await self.list():
            if info.id == key:
                account, key_id = AccountId(info.account), parse_id(info.id)
                await self._deps.store.submit(RemoveApiKey(unit=self._unit(), account=account, api_key=key_id))
                return info
        raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such key")

    async def _address(self, account: AccountId) -> str:
        row = await self._deps.store.read(directory.account_by_id(account))
        return "" if row is None else row.address

    async def _checked(self, limits: Limits, days: int, actor: Actor) -> AccountId:
        if actor.account is None:
            raise PermanentError(Reason.NOT_PERMITTED, "a key belongs to an account: log in with one")
        if not 1 <= days <= DAYS_MAX or not 1 <= limits.per_minute <= RATE_MAX:
            raise PermanentError(Reason.BAD_SYNTAX, f"1 to {DAYS_MAX} days, 1 to {RATE_MAX} requests a minute")
        if not limits.name.isprintable() or not 1 <= len(limits.name) <= NAME_MAX:
            raise PermanentError(Reason.BAD_SYNTAX, f"a name has 1 to {NAME_MAX} characters")
        try:
            Networks(limits.networks)
            wanted = [Permission(name) for name in limits.permissions]
        except ValueError as exc:
            raise PermanentError(Reason.BAD_SYNTAX, str(exc)) from exc
        _demand(wanted, limits.domain, actor)
        return actor.account


def _spelt_out(limits: Limits, actor: Actor) -> Limits:
    if limits.permissions != (EVERYTHING,):
        return limits
    held = [each.value for each in Permission if each not in NEVER and may(actor, each, limits.domain)]
    return msgspec.structs.replace(limits, permissions=tuple(held))


def _demand(wanted: Sequence[Permission], domain: str | None, actor: Actor) -> None:
    for permission in wanted:
        if permission in NEVER or not may(actor, permission, domain):
            raise PermanentError(Reason.NOT_PERMITTED, f"no key of yours can have {permission.value} there")


def _within(grants: Sequence[Grant], domain: str | None) -> tuple[Grant, ...]:
    """The grants, as far as they hold in that domain."""
    if domain is None:
        return tuple(grants)
    return tuple(Grant(grant.role, domain) for grant in grants if grant.domain in (None, domain))


def _info(row: ApiKeyRow, limits: Limits, address: str) -> ApiKeyInfo:
    return ApiKeyInfo(
        id=id_text(row.api_key),
        account=row.account,
        address=address,
        name=limits.name,
        permissions=limits.permissions,
        domain=limits.domain,
        networks=limits.networks,
        per_minute=limits.per_minute,
        created_at_ms=row.created_at_ms,
        expires_at_ms=row.expires_at_ms,
        used_at_ms=row.used_at_ms or None,
    )
