"""The second factors of an account: which it has, which it must have, how they come and go.

Whoever calls has proven that he is the owner, by a fresh step-up, or may administer the account. The owner is told of
every change by a mail that is owed in the same commit, and each is an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from skrytka.mail.identity import totp
from skrytka.mail.identity.duty import Duty, duty_of, is_administrator, roles_of
from skrytka.mail.identity.factor_secrets import FACTORS_SUBJECT, FactorKeys, FactorSecret, checked_name
from skrytka.mail.identity.passwords import NOBODY
from skrytka.mail.identity.recovery import RECOVERY_CODES, mac_of, new_code
from skrytka.mail.identity.webauthn import WebAuthn
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import Emitter, FactorsChanged
from skrytka.model.ids import AccountId, UnitId, new_unit
from skrytka.model.secret import Secret
from skrytka.store.api import Store
from skrytka.store.commands.factors import (
    FAILURES_MAX,
    NO_CODE,
    AddFactor,
    PutCodes,
    RemoveFactor,
    ResetFactors,
)
from skrytka.store.factor_rows import CodeKind, FactorKind, FactorRow, Notice
from skrytka.store.rows import AccountRow
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import access, directory
from skrytka.store.sql import factors as sql

ENROL_CODE_MS: Final = 24 * 3600 * 1000
ISSUER: Final = "Skrytka"


class FactorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One second factor, without its secret."""

    factor: int
    kind: str  # totp, webauthn
    name: str
    created_at_ms: int
    used_at_ms: int | None = None
    is_passkey: bool = False  # it can be used without a password
    is_locked: bool = False  # after too many wrong codes in a row


class FactorState(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has and what it must have."""

    address: str
    factors: tuple[FactorInfo, ...] = ()
    recovery_codes: int = 0  # left
    is_required: bool = False
    due_at_ms: int | None = None  # from then on nothing opens without
    rule: str = ""  # which demands it
    is_overdue: bool = False  # demanded now, and there is none

    @property
    def has_mfa(self) -> bool:
        """A password alone is not enough."""
        return bool(self.factors) or self.is_overdue


class Owner(msgspec.Struct, frozen=True):
    """An account, as far as its factors are concerned."""

    account: AccountId
    address: Address
    is_admin: bool = False
    created_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorDeps:
    """Made by the composition root."""

    store: Store
    keys: KeySource
    events: Emitter
    clock: Clock
    random: Random
    webauthn: WebAuthn | None = None  # None: no web here
    issuer: str = ISSUER
    is_demo: bool = False  # nobody is forced


class Factors:
    """All of it but the proving itself, which is in ``proofs``."""

    def __init__(self, deps: FactorDeps) -> None:
        self.deps = deps

    async def owner(self, account: AccountId) -> Owner:
        """PermanentError(NO_SUCH_USER) when it is gone."""
        row = await self.deps.store.read(directory.account_by_id(account))
        if row is None:
            raise PermanentError(Reason.NO_SUCH_USER, f"account {account}")
        return owner_of(row)

    async def owner_at(self, address: Address) -> Owner:
        """By the own address. For an address that is nobody's an owner who has nothing, so that it takes as long."""
        row = await self.deps.store.read(directory.account_by_address(address.key))
        return Owner(NOBODY, address) if row is None else owner_of(row)

    async def is_enforced(self, owner: Owner) -> bool:
        """Whether nothing opens without a second factor, so that a shorter password will do."""
        duty = await self.duty(owner)
        return duty is not None and duty.is_due(self.deps.clock.now_ms())

    async def keys(self) -> FactorKeys:
        """TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""
        return FactorKeys(await self.deps.keys.node(FACTORS_SUBJECT), self.deps.random)

    async def rows(self, account: AccountId) -> list[FactorRow]:
        return await self.deps.store.read(sql.factors(account))

    async def state(self, owner: Owner, *, is_web: bool = True) -> FactorState:
        """``is_web``: administrators always need one there."""
        store, now_ms = self.deps.store, self.deps.clock.now_ms()
        rows, keys = await self.rows(owner.account), await self.keys()
        duty = await self.duty(owner, is_web=is_web)
        return FactorState(
            address=owner.address.key,
            factors=tuple(_info(row, keys.open(row)) for row in rows),
            recovery_codes=await store.read(sql.codes_left(owner.account, CodeKind.RECOVERY)),
            is_required=duty is not None,
            due_at_ms=duty.due_at_ms if duty else None,
            rule=duty.rule if duty else "",
            is_overdue=duty is not None and duty.is_due(now_ms) and not rows,
        )

    async def duty(self, owner: Owner, *, is_web: bool = True) -> Duty | None:
        """What is demanded of the account; of who has a role beside user on the web always, but in a demo."""
        store = self.deps.store
        rules = await store.read(sql.rules_of(owner.address.key))
        roles = roles_of(await store.read(access.grants(owner.account)), is_admin=owner.is_admin)
        if is_web and is_administrator(roles) and not self.deps.is_demo:
            return Duty(owner.created_at_ms, "administrator")
        return duty_of(owner.address.key, roles, owner.created_at_ms, rules, self.deps.clock.now_ms())

    def new_totp(self, owner: Owner) -> tuple[Secret, Secret]:
        """A seed, to be kept by the session until its first code was typed, and the text of its QR code."""
        seed = totp.new_seed(self.deps.random)
        return seed, totp.uri(seed, owner.address, self.deps.issuer)

    async def add_totp(
        self,
        owner: Owner,
        name: str,
        seed: Secret,
        code: str,
        actor: str,
        *,
        enrol_code: Secret | None = None,
        is_first: bool = False,
    ) -> FactorState:
        """The first code proves that the app has the seed; PermanentError(BAD_CREDENTIALS) when it is wrong.

        ``enrol_code`` is that of a reset, where :meth:`needs_code`: NOT_PERMITTED without. ``is_first``: the actor has
        shown a password and nothing else, so NOT_PERMITTED when there is a factor, though it came a moment ago.
        """
        step = totp.step_of(seed, code, self.deps.clock.now_ms(), 0)
        if step is None:
            raise PermanentError(
                Reason.BAD_CREDENTIALS, "the code does not fit; does the clock of the device go right?"
            )
        secret = FactorSecret(checked_name(name), seed.reveal())
        return await self._add(owner, FactorKind.TOTP, secret, step, actor, enrol_code, is_first=is_first)

    async def begin_webauthn(self, owner: Owner, session: bytes, *, is_passkey: bool) -> dict[str, Any]:
        """Options for the browser."""
        keys = await self.keys()
        known = [keys.open(row).secret for row in await self.rows(owner.account) if row.kind is FactorKind.WEBAUTHN]
        handle = keys.handle_of(owner.account)
        return self.web.begin_registration(session, handle, str(owner.address), known, is_passkey=is_passkey)

    async def add_webauthn(
        self,
        owner: Owner,
        session: bytes,
        name: str,
        response: Mapping[str, Any],
        actor: str,
        *,
        enrol_code: Secret | None = None,
        is_first: bool = False,
    ) -> FactorState:
        """What the browser answered; PermanentError(BAD_CREDENTIALS) when it is wrong or too late.

        ``enrol_code`` and ``is_first`` as in :meth:`add_totp`.
        """
        checked = checked_name(name)
        made = self.web.finish_registration(session, response)
        secret = FactorSecret(checked, made.credential, made.is_verified, made.aaguid)
        return await self._add(owner, FactorKind.WEBAUTHN, secret, made.counter, actor, enrol_code, is_first=is_first)

    async def remove(self, owner: Owner, factor: int, actor: str) -> FactorState:
        """NOT_PERMITTED for the last one where one is demanded."""
        rows = await self.rows(owner.account)
        is_demanded = await self.duty(owner) is not None
        command = RemoveFactor(unit=self._unit(), account=owner.account, factor=factor, is_demanded=is_demanded)
        await self.deps.store.submit(command)
        return await self._changed(owner, "factor.remove", rows, actor)

    async def make_codes(self, owner: Owner, actor: str) -> tuple[Secret, ...]:
        """Ten recovery codes, to be shown this once; older ones end. NOT_PERMITTED without a factor to recover from."""
        rows = await self.rows(owner.account)
        if not rows:
            raise PermanentError(Reason.NOT_PERMITTED, "recovery codes stand in for a second factor: add one first")
        key = (await self.keys()).key
        codes = tuple(new_code(self.deps.random) for _ in range(RECOVERY_CODES))
        macs = tuple(mac for code in codes if (mac := mac_of(key, owner.account, CodeKind.RECOVERY, code)))
        await self.deps.store.submit(
            PutCodes(
                unit=self._unit(),
                account=owner.account,
                kind=CodeKind.RECOVERY,
                macs=macs,
                notice=Notice.CODES_MADE,
            )
        )
        await self._changed(owner, "codes.make", rows, actor)
        return codes

    async def reset(self, owner: Owner, actor: str) -> Secret:
        """All factors are gone, one is demanded from now on, and this code lets its owner enrol it, for a day."""
        rows, code = await self.rows(owner.account), new_code(self.deps.random)
        mac = mac_of((await self.keys()).key, owner.account, CodeKind.ENROL, code)
        await self.deps.store.submit(
            ResetFactors(
                unit=self._unit(),
                account=owner.account,
                address=owner.address.key,
                mac=mac or b"",
                expires_at_ms=self.deps.clock.now_ms() + ENROL_CODE_MS,
            )
        )
        await self._changed(owner, "factor.reset", rows, actor)
        return code

    async def needs_code(self, owner: Owner) -> bool:
        """Whether a first factor can be enrolled only with the code of a reset.

        Once a factor is demanded, a password alone must not be enough to bring one's own: whoever stole it would. The
        first login of an administrator is the exception, for somebody has to be the first.
        """
        if await self.deps.store.read(sql.has_factor(owner.account)):
            return False
        duty = await self.duty(owner, is_web=False)
        return duty is not None and duty.is_due(self.deps.clock.now_ms())

    @property
    def web(self) -> WebAuthn:
        """PermanentError(UNSUPPORTED) where there is no web."""
        if self.deps.webauthn is None:
            raise PermanentError(Reason.UNSUPPORTED, "no web listener is open: passkeys work nowhere else")
        return self.deps.webauthn

    async def _add(
        self,
        owner: Owner,
        kind: FactorKind,
        secret: FactorSecret,
        counter: int,
        actor: str,
        enrol_code: Secret | None,
        *,
        is_first: bool,
    ) -> FactorState:
        enrol_mac = await self._enrol_mac(owner, enrol_code) if await self.needs_code(owner) else None
        rows = await self.rows(owner.account)
        factor = max((row.factor for row in rows), default=0) + 1
        await self.deps.store.submit(
            AddFactor(
                unit=self._unit(),
                account=owner.account,
                factor=factor,
                kind=kind,
                sealed=(await self.keys()).seal(owner.account, factor, kind, secret),
                counter=counter,
                is_first=is_first,
                enrol_mac=enrol_mac,
            )
        )
        return await self._changed(owner, "factor.add", rows, actor)

    async def _enrol_mac(self, owner: Owner, code: Secret | None) -> bytes:
        """Of a code that may be right: the command that adds the factor uses it up, or refuses."""
        mac = None if code is None else mac_of((await self.keys()).key, owner.account, CodeKind.ENROL, code)
        if mac is None:
            raise PermanentError(Reason.NOT_PERMITTED, NO_CODE)
        return mac

    async def _changed(self, owner: Owner, action: str, before: list[FactorRow], actor: str) -> FactorState:
        state = await self.state(owner)
        self.deps.events.emit(
            FactorsChanged(
                actor=actor,
                account_name=owner.address.key,
                action=action,
                before=tuple(row.kind.value for row in before),
                after=tuple(each.kind for each in state.factors),
            )
        )
        return state

    def _unit(self) -> UnitId:
        return new_unit(self.deps.clock, self.deps.random)


def owner_of(row: AccountRow) -> Owner:
    return Owner(row.account, Address.parse(row.address), row.is_admin, row.created_at_ms)


def _info(row: FactorRow, secret: FactorSecret) -> FactorInfo:
    return FactorInfo(
        factor=row.factor,
        kind=row.kind.value,
        name=secret.name,
        created_at_ms=row.created_at_ms,
        used_at_ms=row.used_at_ms,
        is_passkey=secret.is_discoverable,
        is_locked=row.failures >= FAILURES_MAX,
    )
