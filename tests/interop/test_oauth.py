"""authlib as a mail program (and joserfc, which it uses) against the demo; requests is the browser of its user."""

import base64
import contextlib
import imaplib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.demo import Demo

NAME = "bob@example.test"
PLACE = "http://127.0.0.1:49152/callback"
SCOPE = "imap smtp openid email offline_access"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture(scope="module")
def issuer(demo: Demo) -> str:
    return f"https://localhost:{demo.port('web')}"


@pytest.fixture(scope="module")
def found(demo: Demo, issuer: str) -> dict[str, Any]:
    """What a program finds out by itself."""
    answer = requests.get(issuer + "/.well-known/openid-configuration", verify=str(demo.facts["ca"]), timeout=20)
    document: dict[str, Any] = answer.json()
    assert document["issuer"] == issuer
    same = requests.get(issuer + "/.well-known/oauth-authorization-server", verify=str(demo.facts["ca"]), timeout=20)
    assert same.json() == document
    return document


@pytest.fixture
def browser(demo: Demo) -> Iterator["Browser"]:
    with Browser(demo) as made:
        yield made


class Browser:
    """Follows redirects, but for the one that leaves; fills in forms."""

    def __init__(self, demo: Demo) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(demo.facts["ca"])
        self._issuer = f"https://localhost:{demo.port('web')}"
        self._password = str(demo.facts["accounts"][NAME])

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._session.close()

    def visit(self, place: str, **form: str) -> requests.Response | str:
        """The page; or the place elsewhere that somebody is sent to."""
        kept = {"data": form} if form else {}
        answer = self._session.request("POST" if form else "GET", place, allow_redirects=False, timeout=20, **kept)  # type: ignore[arg-type]
        if answer.status_code != 303:
            return answer
        to = answer.headers["Location"]
        if to.startswith("/"):
            to = self._issuer + to
        return self.visit(to) if to.startswith(self._issuer + "/") else to

    def page(self, place: str, **form: str) -> requests.Response:
        answer = self.visit(place, **form)
        assert isinstance(answer, requests.Response)
        return answer

    def sign_in(self, place: str) -> requests.Response:
        """The page behind the sign-in that stands before it, the first time."""
        asked = self.page(place)
        if "/sign-in" not in asked.text:
            return asked
        return self.page(self._issuer + "/sign-in", **hidden(asked), address=NAME, password=self._password)

    def allow(self, place: str) -> str:
        """Sign in, say yes: where the program gets its answer."""
        question = self.sign_in(place)
        assert question.status_code == 200, question.text
        answer = self.visit(self._issuer + urlsplit(place).path, **hidden(question), decision="allow")
        assert isinstance(answer, str)
        return answer


def hidden(page: requests.Response) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return {name: unescape(value) for name, value in inputs}


@pytest.fixture
def program(demo: Demo) -> Iterator[Callable[..., OAuth2Session]]:
    made: list[OAuth2Session] = []

    def program(**values: Any) -> OAuth2Session:
        defaults = {
            "client_id": "mail-program",
            "token_endpoint_auth_method": "none",
            "redirect_uri": PLACE,
            "scope": SCOPE,
            "code_challenge_method": "S256",
        }
        session = OAuth2Session(**(defaults | values))
        session.trust_env = False
        session.verify = str(demo.facts["ca"])
        made.append(session)
        return session

    yield program
    for session in made:
        session.close()


def let_in(session: OAuth2Session, browser: Browser, found: dict[str, Any], **more: str) -> dict[str, Any]:
    verifier = generate_token(48)
    place, state = session.create_authorization_url(
        found["authorization_endpoint"], code_verifier=verifier, nonce="n-1", **more
    )
    answer = browser.allow(place)
    told = dict(parse_qsl(urlsplit(answer).query))
    assert (told["state"], told["iss"]) == (state, found["issuer"])
    token: dict[str, Any] = session.fetch_token(
        found["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier
    )
    return token


def test_a_program_is_let_in_and_its_id_token_is_right(
    demo: Demo, browser: Browser, program: Callable[..., OAuth2Session], found: dict[str, Any]
) -> None:
    session = program()
    token = let_in(session, browser, found)
    assert token["scope"] == SCOPE
    keys = KeySet.import_key_set(requests.get(found["jwks_uri"], verify=str(demo.facts["ca"]), timeout=20).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": found["issuer"]},
        aud={"essential": True, "value": "mail-program"},
        nonce={"essential": True, "value": "n-1"},
        exp={"essential": True},
    ).validate(claims)
    assert claims["email"] == NAME
    told = session.get(found["userinfo_endpoint"], timeout=20).json()
    assert told == {"sub": claims["sub"], "email": NAME, "email_verified": True}


def test_refresh_tokens_rotate_and_a_stolen_one_ends_all(
    browser: Browser, program: Callable[..., OAuth2Session], found: dict[str, Any]
) -> None:
    session = program()
    first = dict(let_in(session, browser, found))
    second = session.refresh_token(found["token_endpoint"])
    assert second["refresh_token"] != first["refresh_token"]
    with pytest.raises(OAuthError) as caught:
        program().refresh_token(found["token_endpoint"], refresh_token=first["refresh_token"])
    assert caught.value.error == "invalid_grant"
    with pytest.raises(OAuthError):
        session.refresh_token(found["token_endpoint"])
    assert session.get(found["userinfo_endpoint"], timeout=20, withhold_token=False).status_code == 401


def test_a_client_with_a_secret_asks_about_a_token_that_is_then_ended(
    demo: Demo, browser: Browser, program: Callable[..., OAuth2Session], found: dict[str, Any]
) -> None:
    added = demo.run(
        "oauth", "client", "add", "web", "Web mail", "--redirect", "https://web.example.org/cb", "--secret"
    )
    secret = added.stdout.rpartition(" ")[2].strip()
    server = program(client_id="web", client_secret=secret, token_endpoint_auth_method="client_secret_basic")
    session = program()
    token = let_in(session, browser, found)
    told = server.introspect_token(found["introspection_endpoint"], token=token["access_token"]).json()
    assert (told["active"], told["username"], told["client_id"]) == (True, NAME, "mail-program")
    assert "mail-program" in demo.run("oauth", "grants", NAME).stdout
    assert session.revoke_token(found["revocation_endpoint"], token=token["refresh_token"]).status_code == 200
    told = server.introspect_token(found["introspection_endpoint"], token=token["access_token"]).json()
    assert told == {"active": False}
    wrong = program(client_id="web", client_secret="skr_cs_no", token_endpoint_auth_method="client_secret_post")
    assert wrong.introspect_token(found["introspection_endpoint"], token="x").status_code == 401


def test_a_device_is_let_in_from_another_screen(
    demo: Demo, browser: Browser, program: Callable[..., OAuth2Session], found: dict[str, Any]
) -> None:
    begun = requests.post(
        found["device_authorization_endpoint"],
        data={"client_id": "mail-program", "scope": SCOPE},
        verify=str(demo.facts["ca"]),
        timeout=20,
    ).json()
    session = program()
    asked = browser.sign_in(begun["verification_uri_complete"])
    assert begun["user_code"] in asked.text
    question = browser.page(begun["verification_uri"], user_code=begun["user_code"].lower())
    done = browser.page(begun["verification_uri"], **hidden(question), decision="allow")
    assert "Go back to the device" in done.text
    token = session.fetch_token(found["token_endpoint"], grant_type=DEVICE, device_code=begun["device_code"])
    assert token["scope"] == SCOPE
    with pytest.raises(OAuthError) as caught:
        session.fetch_token(found["token_endpoint"], grant_type=DEVICE, device_code=begun["device_code"])
    assert caught.value.error == "invalid_grant"


def test_a_wrong_place_gets_nothing_and_a_no_is_told(
    demo: Demo, browser: Browser, program: Callable[..., OAuth2Session], found: dict[str, Any]
) -> None:
    session = program()
    place, _state = session.create_authorization_url(found["authorization_endpoint"], code_verifier=generate_token(48))
    wrong = browser.page(place.replace("callback", "other"))
    assert wrong.status_code == 400
    assert "told nothing" in wrong.text
    question = browser.sign_in(place)
    assert f"form-action 'self' {PLACE.rpartition('/')[0]};" in question.headers["Content-Security-Policy"]
    answer = browser.visit(found["authorization_endpoint"], **hidden(question), decision="deny")
    assert isinstance(answer, str)
    assert dict(parse_qsl(urlsplit(answer).query))["error"] == "access_denied"


def test_a_secret_is_not_taken_twice_over(demo: Demo, found: dict[str, Any]) -> None:
    header = base64.b64encode(b"web:x").decode()
    answer = requests.post(
        found["token_endpoint"],
        data={"grant_type": "refresh_token", "client_id": "web", "client_secret": "x"},
        headers={"Authorization": f"Basic {header}"},
        verify=str(demo.facts["ca"]),
        timeout=20,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


MESSAGE = b"From: bob@example.test\r\nTo: bob@example.test\r\nSubject: by token\r\n\r\nHello\r\n"


def curl(demo: Demo, token: str, mechanism: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["curl", "--silent", "--show-error", "--max-time", "20", "--cacert", demo.facts["ca"], "--user", NAME]
    command += ["--oauth2-bearer", token, "--login-options", f"AUTH={mechanism}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.needs("curl")
@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_curl_reads_and_sends_mail_with_a_token_until_it_is_ended(
    demo: Demo,
    browser: Browser,
    program: Callable[..., OAuth2Session],
    found: dict[str, Any],
    tmp_path: Path,
    mechanism: str,
) -> None:
    token = let_in(program(), browser, found)["access_token"]
    letter = tmp_path / "letter"
    letter.write_bytes(MESSAGE)
    imap, smtp = f"imaps://localhost:{demo.port('imaps')}", f"smtps://localhost:{demo.port('submissions')}"
    sending = ["--mail-from", NAME, "--mail-rcpt", NAME, "--upload-file", str(letter), smtp]
    sent = curl(demo, token, mechanism, *sending)
    assert sent.returncode == 0, sent.stderr
    read = curl(demo, token, mechanism, f"{imap}/INBOX", "--request", "STATUS INBOX (MESSAGES)")
    assert (read.returncode, "MESSAGES" in read.stdout) == (0, True), read.stderr
    narrow = let_in(program(scope="imap"), browser, found)["access_token"]
    assert curl(demo, narrow, mechanism, f"{imap}/INBOX", "--request", "NOOP").returncode == 0
    assert curl(demo, narrow, mechanism, *sending).returncode != 0
    demo.run("oauth", "revoke", NAME)
    assert curl(demo, token, mechanism, f"{imap}/INBOX", "--request", "NOOP").returncode != 0


def test_an_open_session_ends_with_its_token(
    demo: Demo, browser: Browser, program: Callable[..., OAuth2Session], found: dict[str, Any]
) -> None:
    token = let_in(program(), browser, found)["access_token"]
    with demo_session(demo) as session:
        said = f"n,a={NAME},\x01auth=Bearer {token}\x01\x01"
        assert session.authenticate("OAUTHBEARER", lambda _challenge: said.encode())[0] == "OK"
        assert session.select("INBOX")[0] == "OK"
        demo.run("oauth", "revoke", NAME)
        with pytest.raises(imaplib.IMAP4.abort):
            until_it_ends(session)


def until_it_ends(session: imaplib.IMAP4_SSL) -> None:
    for _ in range(1000):
        session.noop()
        time.sleep(0.01)


@contextlib.contextmanager
def demo_session(demo: Demo) -> Iterator[imaplib.IMAP4_SSL]:
    session = imaplib.IMAP4_SSL("localhost", demo.port("imaps"), ssl_context=demo.tls(), timeout=20)
    try:
        yield session
    finally:
        session.shutdown()
