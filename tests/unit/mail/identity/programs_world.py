"""Logins of mail programs on a real store: a world, its identity, and app passwords made by hand."""

from typing import Any

import msgspec

from skrytka.mail.identity.app_passwords import AppPasswords, AppRecord, canonical, new_secret, shown
from skrytka.mail.identity.bearers import Bearer
from skrytka.mail.identity.certificates import ClientCertificates
from skrytka.mail.identity.controls import Controls
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.last_use import LastUses
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.mail.identity.programs import MailPrograms
from skrytka.mail.identity.scram import ScramProofs
from skrytka.mail.identity.types import Credential
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, UnitId
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.protocol.sasl.scram import ScramKeys
from skrytka.store.commands import AddAppPassword, SetControl
from tests.unit.mail.world import World

ALICE = Address.parse("alice@example.test")


class Tokens:
    """A small issuer of tokens, in memory."""

    def __init__(self) -> None:
        self.known: dict[bytes, Bearer] = {}
        self.rights = frozenset({"imap"})

    async def prove(self, token: Secret, right: str) -> Bearer:
        bearer = self.known.get(token.reveal())
        if bearer is None or right not in self.rights:
            raise PermanentError(Reason.BAD_CREDENTIALS, "unknown_token" if bearer is None else "wrong_scope")
        return bearer

    async def is_still_valid(self, bearer: Bearer, right: str) -> bool:
        return any(each.grant == bearer.grant for each in self.known.values())

    def challenge(self, right: str) -> dict[str, str]:
        return {"scope": right}


class WithMfa(StoredCredentials):
    """Accounts that need a second factor, as long as nothing in the directory says so."""

    with_mfa: frozenset[str] = frozenset()

    async def find(self, address: Address) -> Credential | None:
        found = await super().find(address)
        if found is None or address.key not in self.with_mfa:
            return found
        return msgspec.structs.replace(found, has_mfa=True)


class Programs:
    """Everything a front has for logins."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.apps = AppPasswords(world.store, world.keys, world.clock, world.random)
        self.uses = LastUses(world.store, self.apps, world.clock, world.random)
        self.tokens = Tokens()
        self.programs = MailPrograms(
            apps=self.apps,
            proofs=ScramProofs(self.apps, world.random),
            uses=self.uses,
            certificates=ClientCertificates(world.store),
            clock=world.clock,
            bearers=self.tokens,
        )
        self.credentials = WithMfa(world.store, world.clock, world.random)
        self.gate = Gate(LocalLimits(LimitTable(world.clock)), LoginSettings(), world.events, Secret(b"n" * 32))
        self.identity = Identity(
            self.credentials, world.passwords, RecentLogins(world.clock, world.random), self.gate, world.clock,
            self.programs,
        )  # fmt: skip

    def unit(self) -> UnitId:
        return UnitId(self.world.random.token(16))

    async def add(self, name: str = "alice", called: str = "phone", **changes: Any) -> str:
        """A new app password, as it is shown."""
        account = await self.world.account(name)
        keys, secret = await self.apps.keys(), new_secret(self.world.random)
        mac = keys.mac(account, secret)
        scram = ScramKeys.of(Secret(shown(secret)), keys.salt(f"{name}@example.test"))
        record = AppRecord(scram, called, changes.pop("services", ()), changes.pop("networks", ()))
        sealed = keys.seal(account, mac, record, self.world.random)
        name_mac = keys.name_mac(account, called)
        await self.world.store.submit(
            AddAppPassword(unit=self.unit(), account=account, mac=mac, name_mac=name_mac, record=sealed, **changes)
        )
        assert canonical(Secret(shown(secret))) == secret
        return shown(secret)

    async def control(self, account: AccountId, controls: Controls | None) -> None:
        raw = None if controls is None else controls.encode()
        await self.world.store.submit(SetControl(unit=self.unit(), account=account, control=raw))
