"""A real OpenID provider on loopback: Debian's glewlwyd over SQLite, with one client and two people."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from joserfc import jwk

from tests.support.certificates import write_certificate
from tests.support.ports import free_base, wait_until_listening

CLIENT_ID = "skrytka"
SECRET = "a-secret-of-the-client"  # glewlwyd does not decode it, as RFC 6749 2.3.1 asks: nothing in it is encoded
PEOPLE = {"alice": "alice@example.org", "dora": "dora@example.org", "mallory": "bob@example.test"}
PASSWORD = "a password of there"
CONFIG = """
port={port}
bind_address="127.0.0.1"
external_url="https://localhost:{port}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="file"
log_level="INFO"
log_file="{root}/glewlwyd.log"
cookie_domain="localhost"
cookie_secure=1
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{modules}/user"
user_middleware_module_path="{modules}/user_middleware"
client_module_path="{modules}/client"
user_auth_scheme_module_path="{modules}/scheme"
plugin_module_path="{modules}/plugin"
use_secure_connection=true
secure_connection_key_file="{key}"
secure_connection_pem_file="{certificate}"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"  path = "{root}/glewlwyd.db" }};
"""


class Glewlwyd(NamedTuple):
    """Where it is."""

    issuer: str
    ca: Path

    @property
    def api(self) -> str:
        return f"https://{urlsplit(self.issuer).netloc}/api"

    def browser(self, name: str) -> requests.Session:
        """Of somebody who has signed in there and lets the client know him."""
        session = _signed_in(self, name, PASSWORD)
        _ok(session.put(f"{self.api}/auth/grant/{CLIENT_ID}", json={"scope": "openid"}, timeout=20))
        return session

    def answer(self, session: requests.Session, place: str) -> str:
        """Where the browser is sent that has come to ``place``; its login page adds the last parameter."""
        answer = session.get(f"{place}&g_continue", allow_redirects=False, timeout=20)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])


def _signed_in(made: Glewlwyd, name: str, password: str) -> requests.Session:
    """The cookie is put in by hand: it is of the domain "localhost", which Python's jar takes for none."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(made.ca)
    answer = _ok(session.post(f"{made.api}/auth/", json={"username": name, "password": password}, timeout=20))
    session.headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
    return session


def _ok(answer: requests.Response) -> requests.Response:
    assert answer.status_code == 200, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return answer


@contextlib.contextmanager
def glewlwyd(root: Path, schema: Path, modules: Path, redirect_uri: str) -> Iterator[Glewlwyd]:
    """Until it answers and knows its people; ended with SIGTERM."""
    certificate, key = write_certificate(root, "localhost", stem="glewlwyd", kind="rsa")
    subprocess.run(["sqlite3", root / "glewlwyd.db"], input=schema.read_bytes(), check=True, capture_output=True)
    port = free_base([0])
    config = root / "glewlwyd.conf"
    config.write_text(CONFIG.format(port=port, root=root, key=key, certificate=certificate, modules=modules))
    with (root / "stdout.log").open("wb") as log:
        process = subprocess.Popen(["glewlwyd", f"--config-file={config}"], stdout=log, stderr=log)
        try:
            wait_until_listening(port)
            made = Glewlwyd(f"https://localhost:{port}/api/oidc", certificate)
            _fill(made, redirect_uri)
            yield made
        finally:
            process.terminate()
            process.wait(timeout=30)


def _fill(made: Glewlwyd, redirect_uri: str) -> None:
    with _signed_in(made, "admin", "password") as admin:
        _ok(admin.post(f"{made.api}/mod/plugin/", json=_plugin(made.issuer), timeout=20))
        client: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "name": "mail",
            "confidential": True,
            "client_secret": SECRET,
            "password": SECRET,
            "redirect_uri": [redirect_uri],
            "authorization_type": ["code"],
            "token_endpoint_auth_method": ["client_secret_basic"],
            "scope": ["openid"],
            "enabled": True,
        }
        _ok(admin.post(f"{made.api}/client/", json=client, timeout=20))
        for name, address in PEOPLE.items():
            person: dict[str, Any] = {
                "username": name,
                "name": name,
                "email": address,
                "password": PASSWORD,
                "enabled": True,
            }
            _ok(admin.post(f"{made.api}/user/", json=person | {"scope": ["openid", "g_profile"]}, timeout=20))


def _plugin(issuer: str) -> dict[str, Any]:
    key = jwk.RSAKey.generate_key(2048)
    parameters = {
        "iss": issuer,
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": key.as_pem(private=True).decode(),
        "cert": key.as_pem(private=False).decode(),
        "access-token-duration": 3600,
        "refresh-token-duration": 3600,
        "code-duration": 60,
        "refresh-token-rolling": True,
        "allow-non-oidc": False,
        "auth-type-code-enabled": True,
        "auth-type-token-enabled": False,
        "auth-type-id-token-enabled": True,
        "auth-type-none-enabled": False,
        "auth-type-password-enabled": False,
        "auth-type-client-enabled": False,
        "auth-type-refresh-enabled": False,
        "subject-type": "public",
        "email-claim": "mandatory",
        "name-claim": "no",
        "scope-claim": "no",
        "allowed-scope": ["openid"],
        "pkce-allowed": True,
        "pkce-method-plain-allowed": False,
        "pkce-required": True,
    }
    return {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": parameters}
