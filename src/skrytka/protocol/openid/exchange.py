"""The authorization code flow with PKCE (OpenID Connect Core 3.1, RFC 9700 2.1), as a client speaks it."""

import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote_plus

import msgspec

from skrytka.model.errors import UNREADABLE, RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.oauth.form import encode_form
from skrytka.protocol.oauth.pkce import METHOD, challenge_of
from skrytka.protocol.openid.metadata import Metadata
from skrytka.protocol.sasl import base64

CODE_MAX: Final = 4096
FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")


class AnswerError(RemoteProtocolError):
    """What a browser brought back is no answer to our question. ``is_denied``: it is one, and it is no."""

    def __init__(self, said: str, *, is_denied: bool = False) -> None:
        super().__init__(said)
        self.is_denied = is_denied


class Question(msgspec.Struct, frozen=True):
    """One sign-in that was begun. All of chance is made for it alone."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "Question()"


class Client(msgspec.Struct, frozen=True):
    """Who we are to the provider."""

    client_id: str
    scopes: tuple[str, ...]
    max_age_s: int = 0
    contexts: tuple[str, ...] = ()  # acr_values


class Tokens(msgspec.Struct, frozen=True):
    """What a code was exchanged for."""

    id_token: Secret
    access_token: Secret


class _Granted(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""
    token_type: str = "Bearer"  # noqa: S105 - a word


def authorization_url(metadata: Metadata, client: Client, question: Question) -> str:
    """Where the browser is sent."""
    pairs = [
        ("response_type", "code"),
        ("client_id", client.client_id),
        ("redirect_uri", question.redirect_uri),
        ("scope", " ".join(client.scopes)),
        ("state", question.state),
        ("nonce", question.nonce),
        ("code_challenge", challenge_of(question.verifier)),
        ("code_challenge_method", METHOD),
    ]
    if client.max_age_s:
        pairs.append(("max_age", str(client.max_age_s)))
    if client.contexts:
        pairs.append(("acr_values", " ".join(client.contexts)))
    endpoint = metadata.authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{encode_form(pairs)}"


def code_of(answer: Mapping[str, str], question: Question, metadata: Metadata) -> Secret:
    """The code of an answer to that question, of that provider and no other (RFC 9207 2.4); AnswerError."""
    if not hmac.compare_digest(answer.get("state", "").encode("utf-8", "replace"), question.state.encode()):
        raise AnswerError("the answer is not to our question: another state")
    issuer = answer.get("iss")
    if issuer is None and metadata.authorization_response_iss_parameter_supported:
        raise AnswerError("the provider names itself in every answer, and not in this one")
    if issuer is not None and issuer != metadata.issuer:
        raise AnswerError("the answer is another provider's")
    if error := answer.get("error"):
        said = "".join(char for char in error[:60] if char.isascii() and char.isprintable())
        raise AnswerError(f"the provider says {said!r}", is_denied=error == "access_denied")
    code = answer.get("code", "")
    if not 0 < len(code) <= CODE_MAX:
        raise AnswerError("an answer without a code")
    return Secret(code)


def token_request(
    metadata: Metadata, client_id: str, secret: Secret | None, question: Question, code: Secret
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Header fields and body (RFC 6749 4.1.3). The secret goes into the header, unless only the body is read."""
    pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.reveal().decode()),
        ("redirect_uri", question.redirect_uri),
        ("code_verifier", question.verifier),
    ]
    fields = [FORM, ("Accept", "application/json")]
    methods = metadata.token_endpoint_auth_methods_supported
    if secret is None:  # RFC 6749 3.2.1: who has no secret names himself
        pairs.append(("client_id", client_id))
    elif methods is not None and "client_secret_basic" not in methods and "client_secret_post" in methods:
        pairs += [("client_id", client_id), ("client_secret", secret.reveal().decode())]
    else:
        fields.append(("Authorization", _basic(client_id, secret)))
    return tuple(fields), encode_form(pairs).encode("ascii")


def parse_tokens(status: int, body: bytes) -> Tokens:
    """RemoteProtocolError for anything but tokens (RFC 6749 5.1)."""
    if status != 200:
        raise RemoteProtocolError(f"the provider takes no such code: {status} {_error(body)}".rstrip())
    try:
        found = msgspec.json.decode(body, type=_Granted)
    except UNREADABLE as exc:
        raise RemoteProtocolError("no id token in the provider's answer") from exc
    if found.token_type.lower() != "bearer":
        raise RemoteProtocolError("tokens of a kind that nobody asked for")
    return Tokens(Secret(found.id_token), Secret(found.access_token))


def parse_person(status: int, media_type: str, body: bytes, subject: str) -> dict[str, Any]:
    """What userinfo says of somebody; of nobody else (OpenID Connect Core 5.3.2)."""
    if status != 200 or media_type != "application/json":
        raise RemoteProtocolError(f"no userinfo: {status} {media_type[:60]}")
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except UNREADABLE as exc:
        raise RemoteProtocolError("userinfo that cannot be read") from exc
    if found.get("sub") != subject:
        raise RemoteProtocolError("userinfo of somebody else")
    return found


def _basic(client_id: str, secret: Secret) -> str:
    """RFC 6749 2.3.1: both encoded as in a form first."""
    joined = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return "Basic " + base64.encode(joined.encode("ascii")).decode("ascii")


class _Refused(msgspec.Struct, frozen=True):
    error: str = ""


def _error(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_Refused).error
    except UNREADABLE:
        return ""
    return "".join(char for char in error[:60] if char.isascii() and char.isprintable())
