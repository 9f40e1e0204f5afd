"""Second factors are proven: a code of an app, a passkey or security key, a recovery code.

Tries of an account are limited before anything is computed; codes of an app count in the factor's row too, where the
hundredth wrong one in a row ends it (NIST SP 800-63B-4 3.2.2). Whoever gets here has given the right password, or
answers with a passkey. A thief may have the password: what nobody can guess, keys and recovery codes, is counted for
each network by itself, so that he cannot keep the owner from it. All that is wrong is one error.
"""

from collections.abc import Mapping
from typing import Any, Final

from skrytka.mail.identity import totp
from skrytka.mail.identity.factors import Factors, Owner
from skrytka.mail.identity.login import Peer
from skrytka.mail.identity.recovery import mac_of
from skrytka.mail.identity.webauthn import Proven, handle_in
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import SecondFactorAccepted, SecondFactorRefused
from skrytka.model.ids import UnitId, new_unit
from skrytka.model.secret import Secret
from skrytka.net.limits import SharedLimits
from skrytka.store.commands.factors import FAILURES_MAX, FailFactor, UseCode, UseFactor
from skrytka.store.factor_rows import CodeKind, FactorKind, Notice

RULE: Final = "second-factor"
TRIES: Final = 10
WINDOW_S: Final = 900.0
RECOVERY: Final = "recovery"


class Proofs:
    """Of one process. PermanentError(BAD_CREDENTIALS): it is wrong; TransientError(RATE_LIMITED): too often."""

    def __init__(self, factors: Factors, limits: SharedLimits) -> None:
        self._factors = factors
        self._limits = limits

    async def totp(self, owner: Owner, code: str, peer: Peer) -> None:
        """A code of any app of the account."""
        await self._take(owner, FactorKind.TOTP.value, peer)
        deps, keys = self._factors.deps, await self._factors.keys()
        now_ms = deps.clock.now_ms()
        for row in await self._factors.rows(owner.account):
            if row.kind is not FactorKind.TOTP or row.failures >= FAILURES_MAX:
                continue
            step = totp.step_of(Secret(keys.open(row).secret), code, now_ms, row.counter)
            if step is not None and await self._use(owner, row.factor, step):
                return await self._accept(owner, FactorKind.TOTP.value, peer)
        failures = await deps.store.submit(FailFactor(unit=self._unit(), account=owner.account, kind=FactorKind.TOTP))
        raise self._refuse(owner, FactorKind.TOTP.value, peer, PermanentError(Reason.BAD_CREDENTIALS), failures)

    async def recovery(self, owner: Owner, code: Secret, peer: Peer) -> int:
        """How many codes are left; the owner is told that one was used."""
        await self._take(owner, RECOVERY, peer)
        mac = mac_of((await self._factors.keys()).key, owner.account, CodeKind.RECOVERY, code)
        left = None
        if mac is not None:
            used = UseCode(
                unit=self._unit(), account=owner.account, kind=CodeKind.RECOVERY, mac=mac, notice=Notice.CODE_USED
            )
            left = await self._factors.deps.store.submit(used)
        if left is None:
            raise self._refuse(owner, RECOVERY, peer, PermanentError(Reason.BAD_CREDENTIALS))
        await self._accept(owner, RECOVERY, peer)
        return left

    async def begin_webauthn(self, session: bytes, owner: Owner | None) -> dict[str, Any]:
        """Options for the browser: for the keys of an account whose password was right, or (None) for any passkey.

        A passkey alone has to verify its user: it is both factors at once.
        """
        if owner is None:
            return self._factors.web.begin_login(session, None, verification="required")
        return self._factors.web.begin_login(session, await self._credentials(owner), verification="preferred")

    async def webauthn(self, session: bytes, owner: Owner, response: Mapping[str, Any], peer: Peer) -> bool:
        """Whether the user was verified too (a PIN, a finger): then it is proof enough without a password."""
        kind = FactorKind.WEBAUTHN.value
        await self._take(owner, kind, peer)
        try:
            proven = self._factors.web.finish_login(session, response, await self._credentials(owner))
            await self._count(owner, proven)
        except PermanentError as exc:
            raise self._refuse(owner, kind, peer, exc) from None
        await self._accept(owner, kind, peer)
        return proven.is_verified

    async def passkey(self, session: bytes, response: Mapping[str, Any], peer: Peer) -> Owner:
        """Who it is, by a passkey alone. The challenge has demanded that its user is verified."""
        keys = await self._factors.keys()
        account = keys.account_of(handle_in(response) or b"")
        if account is None:
            raise PermanentError(Reason.BAD_CREDENTIALS, "no passkey of this server")
        owner = await self._factors.owner(account)
        if not await self.webauthn(session, owner, response, peer):
            raise PermanentError(Reason.BAD_CREDENTIALS, "the passkey did not verify its user")
        return owner

    async def _credentials(self, owner: Owner) -> list[bytes]:
        keys = await self._factors.keys()
        rows = await self._factors.rows(owner.account)
        return [keys.open(row).secret for row in rows if row.kind is FactorKind.WEBAUTHN]

    async def _count(self, owner: Owner, proven: Proven) -> None:
        """A counter that does not rise is a copy of the authenticator (WebAuthn 7.2, step 22)."""
        keys = await self._factors.keys()
        for row in await self._factors.rows(owner.account):
            if row.kind is FactorKind.WEBAUTHN and _credential_id(keys.open(row).secret) == proven.credential_id:
                if await self._use(owner, row.factor, proven.counter):
                    return
                raise PermanentError(Reason.BAD_CREDENTIALS, "the counter of the authenticator did not rise")
        raise PermanentError(Reason.BAD_CREDENTIALS, "no such authenticator")

    async def _use(self, owner: Owner, factor: int, counter: int) -> bool:
        command = UseFactor(unit=self._unit(), account=owner.account, factor=factor, counter=counter)
        return await self._factors.deps.store.submit(command)

    async def _take(self, owner: Owner, kind: str, peer: Peer) -> None:
        if not await self._limits.take(RULE, _tries(owner, kind, peer), limit=TRIES, window_s=WINDOW_S):
            raise self._refuse(owner, kind, peer, TransientError(Reason.RATE_LIMITED))

    async def _accept(self, owner: Owner, kind: str, peer: Peer) -> None:
        await self._limits.refund(RULE, _tries(owner, kind, peer))
        self._factors.deps.events.emit(
            SecondFactorAccepted(
                account=owner.account,
                account_name=owner.address.key,
                factor=kind,
                remote=peer.remote,
                service=peer.service,
            )
        )

    def _refuse(
        self, owner: Owner, kind: str, peer: Peer, error: PermanentError | TransientError, failures: int = 0
    ) -> PermanentError | TransientError:
        self._factors.deps.events.emit(
            SecondFactorRefused(
                account=owner.account,
                account_name=owner.address.key,
                factor=kind,
                remote=peer.remote,
                service=peer.service,
                reason=error.reason.value,
                failures=failures,
            )
        )
        return error

    def _unit(self) -> UnitId:
        return new_unit(self._factors.deps.clock, self._factors.deps.random)


def _tries(owner: Owner, kind: str, peer: Peer) -> str:
    """Whose tries they are; six digits can be guessed from many networks."""
    return f"{owner.account}" if kind == FactorKind.TOTP.value else f"{owner.account} {peer.network}"


def _credential_id(attested: bytes) -> bytes:
    """WebAuthn 6.5.1: AAGUID 16, length 2, credential id."""
    length = int.from_bytes(attested[16:18], "big")
    return attested[18 : 18 + length]
