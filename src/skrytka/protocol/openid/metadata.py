"""What a provider says of itself (OpenID Connect Discovery 1.0 3, RFC 8414 2), as far as its client asks."""

import re
from typing import Final

import msgspec

from skrytka.model.errors import UNREADABLE, RemoteProtocolError

PATH: Final = "/.well-known/openid-configuration"
CHALLENGE_METHOD: Final = "S256"
_PLACE = re.compile(r"https://[\x21\x22\x24-\x7e]{1,2000}")  # without a fragment


class Metadata(msgspec.Struct, frozen=True):
    """Whatever else stands there is passed over."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    response_types_supported: tuple[str, ...] = ("code",)
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool | None = None  # RFC 9207 3

    @property
    def places(self) -> tuple[str, ...]:
        """All that is asked or named."""
        optional = (self.userinfo_endpoint, self.end_session_endpoint)
        return (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, *(each for each in optional if each))


def place_of(issuer: str) -> str:
    """Where the document is (Discovery 4)."""
    return issuer.rstrip("/") + PATH


def parse_metadata(raw: bytes, issuer: str) -> Metadata:
    """RemoteProtocolError; also when another issuer speaks there (Discovery 4.3), whose tokens would be believed."""
    try:
        found = msgspec.json.decode(raw, type=Metadata)
    except UNREADABLE as exc:
        raise RemoteProtocolError("the provider's document cannot be read") from exc
    if found.issuer != issuer:
        raise RemoteProtocolError(f"the document is that of {found.issuer[:200]!r}, not of {issuer!r}")
    wrong = [place[:200] for place in found.places if _PLACE.fullmatch(place) is None]
    if wrong:
        raise RemoteProtocolError(f"no https URL: {wrong[0]!r}")
    if "code" not in found.response_types_supported:
        raise RemoteProtocolError("the provider gives no codes")
    methods = found.code_challenge_methods_supported
    if methods is not None and CHALLENGE_METHOD not in methods:
        raise RemoteProtocolError("the provider does not know PKCE by S256")
    return found
