"""Answers of the endpoints that programs call: JSON, kept by nobody (RFC 6749 5.1)."""

from typing import Any, Final

import msgspec

from skrytka.protocol.oauth.errors import OAuthError
from skrytka.protocol.oauth.scopes import Scope, scope_text

JSON: Final = ("Content-Type", "application/json")
NOT_KEPT: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
KEPT: Final = (("Cache-Control", "public, max-age=3600"),)


class Answer(msgspec.Struct, frozen=True):
    """A whole response."""

    status: int
    body: bytes = b""
    fields: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Answer({self.status})"


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as they are handed out, once."""

    access_token: str
    expires_in_s: int
    scopes: tuple[Scope, ...]
    refresh_token: str = ""
    id_token: str = ""

    def __repr__(self) -> str:
        return f"Issued(scopes={scope_text(self.scopes)!r})"


def json_answer(content: object, *, status: int = 200, is_kept: bool = False) -> Answer:
    return Answer(status, msgspec.json.encode(content), (JSON, *(KEPT if is_kept else NOT_KEPT)))


def error_answer(error: OAuthError, *, is_basic: bool = False) -> Answer:
    """RFC 6749 5.2; 401 names the way that the client tried."""
    content = {"error": error.code.value, **({"error_description": error.said} if error.said else {})}
    answer = json_answer(content, status=error.status)
    if error.status == 401 and is_basic:
        challenge = ("WWW-Authenticate", 'Basic realm="oauth", charset="UTF-8"')
        return msgspec.structs.replace(answer, fields=(*answer.fields, challenge))
    return answer


def bearer_refused(error: OAuthError | None, realm: str) -> Answer:
    """What a resource answers (RFC 6750 3); without an error, nothing was shown."""
    if error is None:
        return Answer(401, b"", (("WWW-Authenticate", f'Bearer realm="{realm}"'), *NOT_KEPT))
    challenge = f'Bearer realm="{realm}", error="{error.code.value}", error_description="{error.said}"'
    return Answer(error.status, b"", (("WWW-Authenticate", challenge), *NOT_KEPT))


def token_answer(issued: Issued) -> Answer:
    """RFC 6749 5.1, OpenID Connect Core 3.1.3.3."""
    content: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in_s,
        "scope": scope_text(issued.scopes),
    }
    if issued.refresh_token:
        content["refresh_token"] = issued.refresh_token
    if issued.id_token:
        content["id_token"] = issued.id_token
    return json_answer(content)
