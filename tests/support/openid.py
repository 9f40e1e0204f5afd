"""A provider of another house that a test has in its hand: it signs with joserfc, and lies as it is told."""

import base64
import hashlib
import json
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwk, jws

from tests.support.https_server import response

HOST = "provider.test"
CLIENT_ID = "skrytka"
SECRET = "a secret: 100% & more"
CODE = "the-code"


@cache
def ec_key(kid: str = "k1", curve: str = "P-256") -> jwk.ECKey:
    return jwk.ECKey.generate_key(curve, {"kid": kid})


@cache
def rsa_key(kid: str = "r1") -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": kid})


def public(key: Any, **more: str) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(claims: object, key: Any, header: dict[str, Any] | None = None) -> str:
    """A compact token. ``header`` in full, or ES256 by the key."""
    made = header or {"alg": "ES256", "kid": key.kid, "typ": "JWT"}
    registry = jws.JWSRegistry(algorithms=[made["alg"]], strict_check_header=False)
    return jws.serialize_compact(made, json.dumps(claims).encode(), key, registry=registry)


class FakeProvider:
    """What it says can be changed at any time."""

    def __init__(self, now_s: int) -> None:
        self.now_s = now_s
        self.port = 0
        self.key: Any = ec_key()
        self.keys: list[dict[str, Any]] = [public(self.key)]
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.answer_fields: dict[str, str] = {}
        self.is_iss_announced = True
        self.is_down = False
        self.asked: list[str] = []
        self._question: dict[str, str] = {}

    @property
    def issuer(self) -> str:
        return f"https://{HOST}:{self.port}/realm"

    def document(self) -> dict[str, Any]:
        own = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": self.is_iss_announced,
        }
        if self.userinfo is not None:
            own["userinfo_endpoint"] = f"{self.issuer}/me"
        return own | self.metadata

    def browser(self, place: str) -> str:
        """Somebody says yes there: the query that his browser brings back."""
        parts = urlsplit(place)
        self._question = dict(parse_qsl(parts.query))
        fields = {"code": CODE, "state": self._question["state"], "iss": self.issuer} | self.answer_fields
        return "&".join(f"{name}={part_of_query(value)}" for name, value in fields.items() if value)

    def id_claims(self) -> dict[str, Any]:
        own = {
            "iss": self.issuer,
            "sub": "subject-1",
            "aud": CLIENT_ID,
            "exp": self.now_s + 300,
            "iat": self.now_s,
            "nonce": self._question.get("nonce", ""),
            "email": "alice@example.org",
            "email_verified": True,
        }
        return {name: value for name, value in (own | self.claims).items() if value is not None}

    def answer(self, request: bytes) -> bytes:
        """Of the whole server."""
        method, path = request.decode().split(" ")[:2]
        self.asked.append(f"{method} {path}")
        if self.is_down:
            return response(b"", "503 Service Unavailable")
        match path.removeprefix("/realm"):
            case "/.well-known/openid-configuration":
                return _json(self.document())
            case "/keys":
                return _json({"keys": self.keys})
            case "/token":
                return self._token(request)
            case "/me" if self.userinfo is not None:
                return _json(self.userinfo)
            case _:
                return response(b"", "404 Not Found")

    def _token(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        challenge = part(hashlib.sha256(form["code_verifier"].encode()).digest())
        assert b"authorization: basic " in head.lower() or form["client_id"] == CLIENT_ID
        if form["code"] != CODE or challenge != self._question["code_challenge"]:
            return _json({"error": "invalid_grant"}, "400 Bad Request")
        token = signed(self.id_claims(), self.key)
        return _json({"id_token": token, "access_token": "access", "token_type": "Bearer"})


def part_of_query(value: str) -> str:
    return "".join(char if char.isalnum() else f"%{ord(char):02X}" for char in value)


def _json(value: object, status: str = "200 OK") -> bytes:
    return response(json.dumps(value).encode(), status, content_type="application/json")
