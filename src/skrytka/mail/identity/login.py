"""The one answer to "may X do Y from Z": here, whether a password, a proof, a token or a certificate opens a service.

Order for passwords: limits by (account, network) and by remote address, then the directory, then the hash. What a peer
can tell apart is only right, wrong and "too often": unknown names, suspended accounts, services that an account may not
use and the password of an account that needs a second factor cost the same hash and get the same answer.

App passwords alone come before the limits. Nobody can guess one, and an old program that goes on with the password of
before must not lock out the new one beside it.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

import msgspec

from skrytka.mail.identity.app_passwords import AppPassword, canonical
from skrytka.mail.identity.controls import Controls
from skrytka.mail.identity.gate import NAME_MAX, Gate, Try, hidden_name, parse_name
from skrytka.mail.identity.passwords import NOBODY, Passwords, RecentLogins
from skrytka.mail.identity.programs import MailPrograms
from skrytka.mail.identity.types import MAIL_RIGHTS, Credential, Credentials, Login, Means, Peer, right_of
from skrytka.mail.identity.watch import IDENTIFIED, Attempt, Unwatched, Watch
from skrytka.model.address import Address
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import ScramClaim

__all__ = [
    "NAME_SUBJECT", "Attempt", "Credential", "Credentials", "Identity", "Login", "Peer", "Unwatched", "Watch",
    "hidden_name", "is_same_name",
]  # fmt: skip

NAME_SUBJECT: Final = "node:address"  # key of the hashes by which events name what is no account
VALID_MAX: Final = 10_000  # logins of which this process knows that they hold


class Identity:
    """Logins of one process."""

    def __init__(
        self,
        credentials: Credentials,
        passwords: Passwords,
        recent: RecentLogins,
        gate: Gate,
        clock: Clock,
        programs: MailPrograms | None = None,
    ) -> None:
        """Without ``programs`` there are passwords only."""
        self._credentials = credentials
        self._passwords = passwords
        self._recent = recent
        self._gate = gate
        self._clock = clock
        self._programs = programs
        # Found valid when the directory had so many changes, as that credential was then
        self._valid: dict[tuple[AccountId, bytes, str], tuple[int, Credential]] = {}

    # -- passwords ------------------------------------------------------------------------------------------------

    async def login(self, name: str, password: Secret, facts: Peer, mechanism: str) -> Login:
        """Who it is. PermanentError(BAD_CREDENTIALS) for all that is wrong, TransientError(RATE_LIMITED) before a hash.

        Emits LoginSucceeded or LoginFailed itself.
        """
        asked = Try(name, facts, mechanism)
        refusal: Reason | None = None
        if (opened := await self._app(asked, password)) is not None:
            found, app, refusal = opened
            if refusal is None and self._programs is not None:
                return await self._gate.arrived(asked, found, self._programs.by_app(found, app, facts), app.number)
        async with self._gate.open(asked):
            usable = await self._try(asked, password, refusal)
        return self._gate.succeeded(asked, Login(usable.account, usable.address, _proof(usable)))

    async def whole(self, login: Login, facts: Peer, mechanism: str) -> None:
        """A login on the web that has shown its second factor, or needs none: now the account is at home there.

        Until then the password alone has made no network a known one, and lifted no limit.
        """
        if (found := await self._find(login.address)) is not None:
            await self._gate.whole(Try(str(login.address), facts, mechanism), found)

    def refuse(self, name: str, facts: Peer, mechanism: str, why: str = "") -> None:
        """Tell of somebody who wants to act as somebody else, or what came of him (``why``); nothing is looked up."""
        self._gate.failed(Try(name, facts, mechanism), PermanentError(Reason.NOT_PERMITTED, why))

    async def _app(self, asked: Try, password: Secret) -> tuple[Credential, AppPassword, Reason | None] | None:
        """Of which account's app passwords it is one, and why it opens nothing here."""
        facts = asked.facts
        if self._programs is None or right_of(facts.service) not in MAIL_RIGHTS or canonical(password) is None:
            return None
        found = await self._find(asked.address)
        app = await self._programs.apps.find(found.account if found is not None else NOBODY, password)
        if found is None or app is None:
            return None
        now_ms = self._clock.now_ms()
        return found, app, found.refusal(facts, now_ms) or app.refusal(facts, now_ms)

    async def _try(self, asked: Try, password: Secret, refusal: Reason | None) -> Credential:
        """The account of a right password; always the cost of a hash, or a recent one."""
        found = asked.found = await self._known(asked.address, password)
        if found is None:
            reason: Reason | None = Reason.NO_SUCH_USER
        else:
            reason = refusal or found.refusal(asked.facts, self._clock.now_ms()) or found.password_refusal(asked.facts)
        usable = None
        if found is None or reason not in {None, Reason.MFA_REQUIRED}:
            await self._passwords.verify(NOBODY, password, None)
        elif reason is not None:
            check = await self._passwords.verify(found.account, password, found.stored)
            reason = reason if check.is_right else Reason.BAD_CREDENTIALS  # the event tells a stolen one from a guess
        else:
            usable = await self._proven(found, password)
        if usable is None:
            raise self._refused(asked, (reason or Reason.BAD_CREDENTIALS).value)
        return usable

    async def _known(self, address: Address | None, password: Secret) -> Credential | None:
        """The account; one that is made now for somebody whom an outside directory knows by this password."""
        found = await self._find(address)
        if found is None and address is not None and await self._passwords.introduce(address, password):
            return await self._find(address)
        return found

    async def _proven(self, credential: Credential, password: Secret) -> Credential | None:
        """The credential as it is stored from now on; None when the password is wrong."""
        stored = credential.stored
        if stored is not None and self._recent.has(credential.account, stored, password):
            return credential
        check = await self._passwords.verify(credential.account, password, stored)
        if not check.is_right or stored is None:
            return None
        if check.is_outdated:
            stored = await self._renew(credential.account, stored, password)
        self._recent.add(credential.account, stored, password, self._passwords.keep_s(stored))
        return msgspec.structs.replace(credential, stored=stored)

    async def _renew(self, account: AccountId, was: str, password: Secret) -> str:
        """The new hash; the old one when the store has no time now: the next login tries again."""
        try:
            stored = await self._passwords.hash(account, password)
            await self._credentials.renew(account, was, stored)
        except TransientError:
            return was
        return stored

    # -- what mail programs have beside ---------------------------------------------------------------------------

    @property
    def has_programs(self) -> bool:
        """Whether there is anything but passwords."""
        return self._programs is not None

    @property
    def has_bearers(self) -> bool:
        """Whether tokens are issued here, so that mechanisms for them are of use."""
        return self._programs is not None and self._programs.bearers is not None

    def bearer_challenge(self, service: str) -> dict[str, str]:
        """What a program is told whose token was refused (RFC 7628 3.2.2)."""
        bearers = self._programs.bearers if self._programs is not None else None
        return bearers.challenge(right_of(service)) if bearers is not None else {}

    async def scram_salts(self) -> Callable[[str], bytes]:
        """The salt of a name, of one that nobody has too: always the same."""
        keys = await self._need().apps.keys()
        return lambda name: keys.salt(name_key(name))

    async def scram(self, claim: ScramClaim, facts: Peer, mechanism: str) -> tuple[Login, bytes]:
        """As :meth:`login`, for a proof that was made with an app password; and what proves us to the client."""
        programs, asked = self._need(), Try(claim.name, facts, mechanism)
        async with self._gate.open(asked):
            found = asked.found = await self._find(asked.address)
            proven = await programs.proofs.find(found.account if found is not None else None, claim)
            if found is None or proven is None:
                reason = Reason.NO_SUCH_USER if found is None else Reason.BAD_CREDENTIALS
                raise self._refused(asked, reason.value)
            app, signature = proven
            now_ms = self._clock.now_ms()
            if (refusal := found.refusal(facts, now_ms) or app.refusal(facts, now_ms)) is not None:
                raise self._refused(asked, refusal.value)
        return self._gate.succeeded(asked, programs.by_app(found, app, facts), app.number), signature

    async def bearer(self, token: Secret, name: str, facts: Peer, mechanism: str) -> Login:
        """As :meth:`login`, for a token; ``name`` is whose it is said to be, "" where nothing is said."""
        programs, asked = self._need(), Try(name, facts, mechanism)
        if programs.bearers is None:
            raise PermanentError(Reason.UNSUPPORTED, "no tokens are issued here")
        proven = None
        try:
            proven = await programs.bearers.prove(token, right_of(facts.service))
            asked.found = await self._find(proven.address)
            why = self._why_not(asked.found, facts, is_his=not name or proven.address.key == asked.key)
        except PermanentError as exc:
            why = exc.detail or exc.reason.value
        found = asked.found
        if why == Reason.EXPIRED.value:  # ours, once: a program that is told so gets itself the next one
            raise self._refused(asked, why)
        if found is None or proven is None or why:  # nobody guesses a token: only what is wrong is counted
            async with self._gate.open(asked):
                raise self._refused(asked, why)
        login = Login(found.account, found.address, proven.grant, Means.TOKEN, proven.expires_at_ms)
        return await self._gate.arrived(asked, found, login)

    async def certificate(self, der: bytes, authorization: str, facts: Peer, mechanism: str) -> Login:
        """As :meth:`login`, for the certificate that TLS knows the client by. Nobody guesses, so nothing is counted."""
        programs, asked = self._need(), Try(authorization, facts, mechanism)
        owner = None
        if not authorization or asked.address is not None:
            owner = await programs.certificates.owner(der, asked.address)
        found = asked.found = await self._find(owner.address if owner is not None else None)
        why = self._why_not(found, facts)
        if owner is None or found is None or why:
            raise self._refused(asked, why)
        login = Login(found.account, found.address, owner.fingerprint, Means.CERTIFICATE, owner.expires_at_ms)
        return await self._gate.arrived(asked, found, login)

    async def passkey(self, address: Address, facts: Peer, mechanism: str) -> Login:
        """As :meth:`login`, for somebody who has just proven a passkey (``proofs``): more than a password."""
        asked, found = await self._unguessed(address, facts, mechanism)
        return await self._gate.arrived(asked, found, Login(found.account, found.address, _proof(found)))

    async def provided(self, address: Address, proof: bytes, facts: Peer, mechanism: str) -> Login:
        """As :meth:`login`, for whom a provider of another house has just identified; :meth:`whole` follows."""
        asked, found = await self._unguessed(address, facts, mechanism)
        return self._gate.succeeded(asked, Login(found.account, found.address, proof, Means.PROVIDER))

    async def _unguessed(self, address: Address, facts: Peer, mechanism: str) -> tuple[Try, Credential]:
        """Whose account it is, which is entered there and now; by what nobody guesses, so nothing is counted."""
        asked = Try(str(address), facts, mechanism)
        found = asked.found = await self._find(asked.address)
        why = self._why_not(found, facts)
        if found is not None and not why and (refusal := found.password_refusal(facts)) is not None:
            why = refusal.value  # of an account that is locked, or whose owner is let in elsewhere only
        if found is None or why:
            raise self._refused(asked, why)
        return asked, found

    async def identified(self, login: Login, facts: Peer) -> None:
        """A program said what it is (``facts.program``) when it was in already: perhaps its owner has none like it."""
        asked = Try(str(login.address), facts, IDENTIFIED)
        found = await self._find(asked.address)
        if found is not None and found.account == login.account:
            await self._gate.whole(asked, found)

    def _need(self) -> MailPrograms:
        if self._programs is None:
            raise PermanentError(Reason.UNSUPPORTED, "only passwords are known here")
        return self._programs

    async def _find(self, address: Address | None) -> Credential | None:
        return await self._credentials.find(address) if address is not None else None

    def _why_not(self, found: Credential | None, facts: Peer, *, is_his: bool = True) -> str:
        """Why an account is not entered there and now, with whatever; "": it is."""
        if found is None:
            return Reason.NO_SUCH_USER.value
        refusal = found.refusal(facts, self._clock.now_ms()) if is_his else Reason.NOT_PERMITTED
        return refusal.value if refusal is not None else ""

    def _refused(self, asked: Try, reason: str) -> TransientError | PermanentError:
        return self._gate.failed(asked, PermanentError(Reason.BAD_CREDENTIALS, reason))

    # -- open sessions --------------------------------------------------------------------------------------------

    async def is_still_valid(self, login: Login, facts: Peer) -> bool:
        """Whether a session that began with this login may go on: what it was proven by still opens the service.

        One read of the directory after each of its changes, and when the days of a rule are over, for a read costs
        100 µs and submission asks twice a message; True while nothing can be read, for then there is nothing to be
        had either.
        """
        now_ms = self._clock.now_ms()
        if login.expires_at_ms and now_ms >= login.expires_at_ms:
            return False
        key, changes = (login.account, login.proof, facts.service), self._credentials.changes
        known = self._valid.get(key)
        if known is not None and known[0] == changes and now_ms < known[1].fresh_until_ms:
            return known[1].refusal(facts, now_ms) is None
        try:
            found = await self._credentials.find(login.address)
            if found is None or not await self._is_valid(found, login, facts):
                return False
        except TransientError:
            return True
        if len(self._valid) >= VALID_MAX:
            self._valid.clear()
        self._valid[key] = changes, found
        return True

    async def _is_valid(self, found: Credential, login: Login, facts: Peer) -> bool:
        if found.account != login.account or found.refusal(facts, self._clock.now_ms()) is not None:
            return False
        if login.means is Means.PASSWORD:
            return found.password_refusal(facts) is None and hmac.compare_digest(_proof(found), login.proof)
        if login.means is Means.PROVIDER and found.password_refusal(facts) is not None:  # somebody else was in
            return False
        return self._programs is not None and await self._programs.is_still_valid(login, facts)

    async def controls(self, login: Login) -> Controls | None:
        """What the account's control says now; from memory as a rule."""
        found = await self._credentials.find(login.address)
        return found.controls if found is not None and found.account == login.account else None


def name_key(name: str) -> str:
    """``Address.key`` of what somebody calls himself, or that in lower case."""
    address = parse_name(name)
    return name[:NAME_MAX].lower() if address is None else address.key


def is_same_name(one: str, other: str) -> bool:
    """Whether an authorisation identity is the name that logs in (RFC 4616 2)."""
    one_address, other_address = parse_name(one), parse_name(other)
    if one_address is None or other_address is None:
        return one == other
    return one_address.key == other_address.key


def _proof(credential: Credential) -> bytes:
    return hashlib.sha256((credential.stored or "").encode()).digest()[:16]
