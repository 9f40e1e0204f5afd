"""One account with one authority: from its directory to a chain of certificates.

Each answer brings the nonce of the next request; a nonce that is refused is replaced and the request sent again (RFC
8555 6.5). Everything is bounded: requests, names, time. What was published is withdrawn by whoever took the step.
"""

import re
from collections.abc import Sequence
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from skrytka.model.errors import Reason
from skrytka.protocol.acme import jose
from skrytka.protocol.acme.answers import Authorization, Challenge, Directory, Order, Problem, decode
from skrytka.protocol.acme.steps import (
    Authority,
    AuthorityError,
    Call,
    Kind,
    Pause,
    Publish,
    Steps,
)
from skrytka.protocol.http.client import Received

NONCE_TRIES: Final = 5
POLLS_MAX: Final = 40
POLL_FIRST_S: Final = 0.5
POLL_MAX_S: Final = 8.0
RETRY_AFTER_MAX_S: Final = 7 * 86_400
CHAIN_MAX: Final = 128 * 1024
ISSUERS_MAX: Final = 8
_ISSUER: Final = re.compile(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22,256}")
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{1,512}")
A = TypeVar("A", Order, Authorization)


class AcmeClient:
    """See the module; one object serves one order after another."""

    def __init__(self, authority: Authority, key: ec.EllipticCurvePrivateKey, kinds: Sequence[Kind]) -> None:
        self._authority = authority
        self._key = key
        self._kinds = tuple(kinds)
        self._directory: Directory | None = None
        self._nonce = ""
        self._account = ""

    def directory(self) -> Steps[Directory]:
        """What the authority offers, asked once."""
        if self._directory is None:
            answer = yield Call("GET", self._authority.directory)
            self._directory = decode(_good(answer).body, Directory)
        return self._directory

    @property
    def issuers(self) -> tuple[str, ...]:
        """What CAA records call the authority, once its directory is known."""
        found = self._directory.meta.caa_identities if self._directory is not None else ()
        return tuple(name.lower() for name in found[:ISSUERS_MAX] if _ISSUER.fullmatch(name))

    def obtain(self, names: Sequence[str], csr: bytes, replaces: str = "", failures: int = 0) -> Steps[bytes]:
        """The chain for a signing request (DER), as PEM, leaf first; ``replaces`` is the id of the one it follows.

        After ``failures`` in a row another kind of challenge goes first: a port may be closed on the way.
        """
        turn = failures % len(self._kinds)
        kinds = self._kinds[turn:] + self._kinds[:turn]
        yield from self._log_in()
        directory = yield from self.directory()
        wanted: dict[str, object] = {"identifiers": [{"type": "dns", "value": name} for name in names]}
        if replaces and directory.renewal_info:
            wanted["replaces"] = replaces  # RFC 9773 5
        answer = yield from self._post(directory.new_order, wanted)
        url, order = _location(answer), decode(answer.body, Order)
        if len(order.authorizations) > len(names):
            raise AuthorityError("more authorizations than names")
        for authorization in order.authorizations:
            yield from self._prove(authorization, kinds, names)
        order = yield from self._poll(url, Order, ("pending",))
        if order.status == "ready":
            yield from self._post(order.finalize, {"csr": jose.encode(csr)})
            order = yield from self._poll(url, Order, ("pending", "ready", "processing"))
        if order.status != "valid" or not order.certificate:
            raise AuthorityError(f"the order is {order.status}: {order.error or 'without a reason'}")
        chain: bytes = (yield from self._post(order.certificate, None)).body
        if not chain.lstrip().startswith(b"-----BEGIN CERTIFICATE-----") or len(chain) > CHAIN_MAX:
            raise AuthorityError("no chain of certificates")
        return chain

    # -- the account ----------------------------------------------------------------------------------------------

    def _log_in(self) -> Steps[None]:
        """RFC 8555 7.3: asked for anew each time, which finds the account that is there."""
        if self._account:
            return
        directory = yield from self.directory()
        wanted: dict[str, object] = {"termsOfServiceAgreed": True}
        if self._authority.contacts:
            wanted["contact"] = self._authority.contacts
        if self._authority.eab_key is not None:
            kid, url = self._authority.eab_kid, directory.new_account
            wanted["externalAccountBinding"] = jose.bind(self._key, url, kid, self._authority.eab_key)
        self._account = _location((yield from self._post(directory.new_account, wanted)))

    # -- that a name is ours --------------------------------------------------------------------------------------

    def _prove(self, url: str, kinds: Sequence[Kind], names: Sequence[str]) -> Steps[None]:
        authorization = decode((yield from self._post(url, None)).body, Authorization)
        if authorization.status == "valid":
            return
        if authorization.status != "pending":
            raise AuthorityError(authorization.failure)
        kind, challenge = _choose(authorization, kinds)
        name = authorization.identifier.value.lower()
        if name not in (each.removeprefix("*.") for each in names):  # it becomes a file, or a record in our zone
            raise AuthorityError("an authorization for a name that was not ordered")
        published = Publish(kind, name, challenge.token, jose.key_authorization(challenge.token, self._key))
        yield published
        yield from self._post(challenge.url, {})
        authorization = yield from self._poll(url, Authorization, ("pending",))
        if authorization.status != "valid":
            raise AuthorityError(authorization.failure)

    # -- requests -------------------------------------------------------------------------------------------------

    def _poll(self, url: str, kind: type[A], while_in: tuple[str, ...]) -> Steps[A]:
        """Ask until the status is another one (RFC 8555 7.5.1)."""
        status, wait_s = "", POLL_FIRST_S
        for _ in range(POLLS_MAX):
            answer = yield from self._post(url, None)
            found = decode(answer.body, kind)
            if (status := found.status) not in while_in:
                return found
            yield Pause(min(max(wait_s, _retry_after_s(answer)), POLL_MAX_S))
            wait_s *= 2
        raise AuthorityError(f"{kind.__name__.lower()} still {status}", reason=Reason.TIMEOUT)

    def _post(self, url: str, payload: object | None) -> Steps[Received]:
        directory = yield from self.directory()
        for _ in range(NONCE_TRIES):
            if not self._nonce:
                self._keep_nonce((yield Call("HEAD", directory.new_nonce)))
            who: dict[str, object] = {"kid": self._account} if self._account else {"jwk": jose.public_jwk(self._key)}
            header, self._nonce = {**who, "nonce": self._nonce, "url": url}, ""
            answer: Received = yield Call("POST", url, jose.sign(self._key, header, payload))
            self._keep_nonce(answer, is_needed=False)
            kind = _problem(answer).type if answer.status >= 400 else ""
            if kind.endswith(":accountDoesNotExist"):
                self._account = ""  # the next order makes another one
            if not kind.endswith(":badNonce"):
                return _good(answer)
        raise AuthorityError("refuses its own nonces")

    def _keep_nonce(self, answer: Received, *, is_needed: bool = True) -> None:
        nonce = answer.field("replay-nonce")
        if _NONCE.fullmatch(nonce):
            self._nonce = nonce
        elif is_needed:
            raise AuthorityError("gives no nonce")


def _choose(authorization: Authorization, kinds: Sequence[Kind]) -> tuple[Kind, Challenge]:
    offered = {one.type: one for one in authorization.challenges}
    for kind in kinds:
        if kind in offered and _TOKEN.fullmatch(offered[kind].token):
            return kind, offered[kind]
    known = ", ".join(sorted(offered))
    raise AuthorityError(f"{authorization.identifier.value} can be proven by {known} only")


def _good(answer: Received) -> Received:
    if 200 <= answer.status < 300:
        return answer
    problem = _problem(answer)
    is_limited = answer.status == 429 or problem.type.endswith(":rateLimited")
    raise AuthorityError(
        f"{answer.status} {problem}",
        reason=Reason.RATE_LIMITED if is_limited else Reason.NOT_PERMITTED,
        retry_after_s=_retry_after_s(answer),
    )


def _problem(answer: Received) -> Problem:
    try:
        return decode(answer.body, Problem)
    except AuthorityError:
        return Problem(type="about:blank", detail="without a word")


def _location(answer: Received) -> str:
    location = answer.field("location")
    if not location:
        raise AuthorityError("does not say where its answer is")
    return location


def _retry_after_s(answer: Received) -> float:
    """Seconds only; a date (RFC 9110 10.2.3) is passed over, and we wait as long as we would anyway."""
    text = answer.field("retry-after")
    return float(min(int(text), RETRY_AFTER_MAX_S)) if text.isascii() and text.isdecimal() and len(text) < 12 else 0.0
