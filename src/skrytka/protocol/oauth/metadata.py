"""What a client can find out by itself: RFC 8414 and OpenID Connect Discovery, one document for both."""

from typing import Any, Final

from skrytka.protocol.oauth.client_auth import METHODS
from skrytka.protocol.oauth.pkce import METHOD
from skrytka.protocol.oauth.scopes import Scope
from skrytka.protocol.oauth.token import GRANT_TYPES

OAUTH_PATH: Final = "/.well-known/oauth-authorization-server"  # RFC 8414 3
OPENID_PATH: Final = "/.well-known/openid-configuration"  # OpenID Connect Discovery 4
AUTHORIZE_PATH: Final = "/oauth/authorize"
TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path
DEVICE_AUTHORIZATION_PATH: Final = "/oauth/device_authorization"
DEVICE_PATH: Final = "/device"  # typed by people
REVOKE_PATH: Final = "/oauth/revoke"
INTROSPECT_PATH: Final = "/oauth/introspect"
USERINFO_PATH: Final = "/oauth/userinfo"
JWKS_PATH: Final = "/oauth/jwks"


def metadata(issuer: str) -> dict[str, Any]:
    """``issuer`` is an https URL without a path."""
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE_PATH,
        "token_endpoint": issuer + TOKEN_PATH,
        "device_authorization_endpoint": issuer + DEVICE_AUTHORIZATION_PATH,
        "revocation_endpoint": issuer + REVOKE_PATH,
        "introspection_endpoint": issuer + INTROSPECT_PATH,
        "userinfo_endpoint": issuer + USERINFO_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "scopes_supported": [scope.value for scope in Scope],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": [METHOD],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint_auth_methods_supported": [name for name in METHODS if name != "none"],
        "authorization_response_iss_parameter_supported": True,  # RFC 9207 3
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "email",
            "email_verified",
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "ui_locales_supported": ["en", "pl"],
    }
