"""Passkeys and security keys (W3C Web Authentication 3, 7.1 and 7.2), by the library of Yubico.

A challenge is random, belongs to one session and one purpose, lives five minutes and is answered once. Nothing is asked
about the maker of an authenticator (attestation "none"): it would tell who bought it. What browsers send and are sent
is the JSON form of the specification. Whatever the library raises for what a hostile browser sends is one refusal here.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason

if TYPE_CHECKING:
    from fido2.server import Fido2Server

CHALLENGE_BYTES: Final = 32  # 13.4.3: 16 at least
CHALLENGE_S: Final = 300.0
WAITING_MAX: Final = 10_000
Purpose = Literal["register", "login"]
Wanted = Literal["required", "preferred", "discouraged"]


class Registered(msgspec.Struct, frozen=True):
    """A new authenticator."""

    credential: bytes  # attested credential data: id and public key
    credential_id: bytes
    aaguid: bytes
    counter: int
    is_verified: bool  # it asked for a PIN or a finger


class Proven(msgspec.Struct, frozen=True):
    """A right signature."""

    credential_id: bytes
    counter: int
    is_verified: bool


class WebAuthn:
    """One relying party; ``rp_id`` is a host name, ``origins`` are the pages that may ask ("https://mail.example.org").

    One per process: challenges are kept here, so a session has to come back to the same process.
    """

    def __init__(self, rp_id: str, origins: frozenset[str], clock: Clock, random: Random) -> None:
        self._rp_id = rp_id
        self._origins = origins
        self._clock = clock
        self._random = random
        self._waiting: OrderedDict[tuple[bytes, Purpose], tuple[float, Any]] = OrderedDict()
        self._server: Fido2Server | None = None

    def begin_registration(
        self, session: bytes, handle: bytes, owner: str, known: Sequence[bytes], *, is_passkey: bool
    ) -> dict[str, Any]:
        """Options for ``navigator.credentials.create``; authenticators that are ``known`` do not register again.

        A passkey is discoverable and verifies its user; a security key only has to be there.
        """
        options, state = self._rp().register_begin(
            {"id": handle, "name": owner, "displayName": owner},  # type: ignore[arg-type]
            self._credentials(known),
            resident_key_requirement="required" if is_passkey else "discouraged",  # type: ignore[arg-type]
            user_verification="required" if is_passkey else "preferred",  # type: ignore[arg-type]
            challenge=self._random.token(CHALLENGE_BYTES),
        )
        self._wait(session, "register", state)
        return dict(options)

    def finish_registration(self, session: bytes, response: Mapping[str, Any]) -> Registered:
        """PermanentError(BAD_CREDENTIALS) for an answer to nothing that was asked, or a wrong one."""
        state = self._take(session, "register")
        try:
            data = self._rp().register_complete(state, dict(response))
            credential = data.credential_data
        except _WRONG as exc:
            raise _refused(exc) from None
        if credential is None:
            raise _refused(ValueError("no credential"))
        return Registered(
            bytes(credential), credential.credential_id, bytes(credential.aaguid), data.counter, data.is_user_verified()
        )

    def begin_login(self, session: bytes, known: Sequence[bytes] | None, *, verification: Wanted) -> dict[str, Any]:
        """Options for ``navigator.credentials.get``; None lets the browser offer whatever passkey it has for us."""
        options, state = self._rp().authenticate_begin(
            None if known is None else self._credentials(known),
            user_verification=verification,  # type: ignore[arg-type]
            challenge=self._random.token(CHALLENGE_BYTES),
        )
        self._wait(session, "login", state)
        return dict(options)

    def finish_login(self, session: bytes, response: Mapping[str, Any], known: Sequence[bytes]) -> Proven:
        """As :meth:`finish_registration`. The caller compares the counter, in the store, with the last one."""
        from fido2.webauthn import AuthenticationResponse

        state = self._take(session, "login")
        try:
            answer = AuthenticationResponse.from_dict(dict(response))
            credential = self._rp().authenticate_complete(state, self._credentials(known), answer)
            data = answer.response.authenticator_data
        except _WRONG as exc:
            raise _refused(exc) from None
        return Proven(credential.credential_id, data.counter, data.is_user_verified())

    def _wait(self, session: bytes, purpose: Purpose, state: Any) -> None:
        self._waiting.pop((session, purpose), None)
        self._waiting[session, purpose] = (self._clock.monotonic_s() + CHALLENGE_S, state)
        if len(self._waiting) > WAITING_MAX:
            self._waiting.popitem(last=False)

    def _take(self, session: bytes, purpose: Purpose) -> Any:
        until_s, state = self._waiting.pop((session, purpose), (0.0, None))
        if state is None or until_s <= self._clock.monotonic_s():
            raise PermanentError(Reason.BAD_CREDENTIALS, "nothing was asked, or too long ago")
        return state

    @staticmethod
    def _credentials(known: Sequence[bytes]) -> list[Any]:
        from fido2.webauthn import AttestedCredentialData

        return [AttestedCredentialData(raw) for raw in known]

    def _rp(self) -> "Fido2Server":
        """Imported when somebody has to do with it: 15 MB."""
        if self._server is None:
            from fido2.server import Fido2Server
            from fido2.webauthn import PublicKeyCredentialRpEntity

            entity = PublicKeyCredentialRpEntity(id=self._rp_id, name="Skrytka")
            self._server = Fido2Server(entity, attestation="none", verify_origin=self._origins.__contains__)  # type: ignore[arg-type]
        return self._server


def handle_in(response: Mapping[str, Any]) -> bytes | None:
    """The user handle that a passkey answers with: whose it is, before anything is proven; None for none."""
    from fido2.webauthn import AuthenticationResponse

    try:
        return AuthenticationResponse.from_dict(dict(response)).response.user_handle
    except _WRONG:
        return None


_WRONG: Final = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, NotImplementedError),
    RecursionError,  # of JSON and CBOR that is nested without end
)


def _refused(exc: Exception) -> PermanentError:
    return PermanentError(Reason.BAD_CREDENTIALS, f"{type(exc).__name__}: {exc}"[:200])
