"""What a server must refuse: W3C Web Authentication 7.1 and 7.2."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from fido2.utils import websafe_decode, websafe_encode
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.identity.webauthn import CHALLENGE_S, WebAuthn, handle_in
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.store.system import SystemRandom
from tests.support.authenticator import Authenticator

ORIGIN = "https://mail.example.org"
SESSION, OTHER = b"session", b"other session"
HANDLE = b"handle of alice"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def web(clock: FixedClock) -> WebAuthn:
    return WebAuthn("mail.example.org", frozenset({ORIGIN}), clock, SystemRandom())


def register(web: WebAuthn, device: Authenticator, *, is_passkey: bool = True) -> bytes:
    options = web.begin_registration(SESSION, HANDLE, "alice@example.org", [], is_passkey=is_passkey)
    return web.finish_registration(SESSION, device.create(options)).credential


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(PermanentError) as caught:
        call()
    assert caught.value.reason is Reason.BAD_CREDENTIALS


def test_a_passkey_is_registered_and_opens(web: WebAuthn) -> None:
    device = Authenticator(ORIGIN)
    options = web.begin_registration(SESSION, HANDLE, "alice@example.org", [], is_passkey=True)
    assert json.dumps(options)  # what a page is sent
    asked = options["publicKey"]
    assert asked["rp"]["id"] == "mail.example.org"
    assert len(websafe_decode(asked["challenge"])) == 32
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    made = web.finish_registration(SESSION, device.create(options))
    assert (made.credential_id, made.counter, made.is_verified) == (device.credential_id, 1, True)
    options = web.begin_login(SESSION, None, verification="required")
    assert not options["publicKey"].get("allowCredentials")
    answer = device.get(options)
    assert handle_in(answer) == HANDLE
    proven = web.finish_login(SESSION, answer, [made.credential])
    assert (proven.credential_id, proven.counter, proven.is_verified) == (device.credential_id, 2, True)


def test_a_security_key_needs_no_verification(web: WebAuthn) -> None:
    device = Authenticator(ORIGIN, is_verifying=False)
    credential = register(web, device, is_passkey=False)
    options = web.begin_login(SESSION, [credential], verification="preferred")
    (allowed,) = options["publicKey"]["allowCredentials"]
    assert websafe_decode(allowed["id"]) == device.credential_id
    assert not web.finish_login(SESSION, device.get(options), [credential]).is_verified


def test_known_authenticators_are_named_so_that_they_do_not_register_again(web: WebAuthn) -> None:
    device = Authenticator(ORIGIN)
    credential = register(web, device)
    options = web.begin_registration(SESSION, HANDLE, "alice@example.org", [credential], is_passkey=True)
    (excluded,) = options["publicKey"]["excludeCredentials"]
    assert websafe_decode(excluded["id"]) == device.credential_id


def test_a_challenge_belongs_to_one_session_one_purpose_and_one_answer(web: WebAuthn) -> None:
    device = Authenticator(ORIGIN)
    credential = register(web, device)
    answer = device.get(web.begin_login(SESSION, [credential], verification="required"))
    refused(lambda: web.finish_login(OTHER, answer, [credential]))
    refused(lambda: web.finish_registration(SESSION, answer))
    web.finish_login(SESSION, answer, [credential])
    refused(lambda: web.finish_login(SESSION, answer, [credential]))


def test_a_wrong_answer_uses_the_challenge_up(web: WebAuthn) -> None:
    device = Authenticator(ORIGIN)
    credential = register(web, device)
    answer = device.get(web.begin_login(SESSION, [credential], verification="required"))
    refused(lambda: web.finish_login(SESSION, answer | {"response": {}}, [credential]))
    refused(lambda: web.finish_login(SESSION, answer, [credential]))


def test_a_challenge_is_answered_in_time_and_only_the_latest(web: WebAuthn, clock: FixedClock) -> None:
    device = Authenticator(ORIGIN)
    credential = register(web, device)
    answer = device.get(web.begin_login(SESSION, [credential], verification="required"))
    clock.advance(CHALLENGE_S)
    refused(lambda: web.finish_login(SESSION, answer, [credential]))
    first = device.get(web.begin_login(SESSION, [credential], verification="required"))
    web.begin_login(SESSION, [credential], verification="required")
    refused(lambda: web.finish_login(SESSION, first, [credential]))


@pytest.mark.parametrize(
    "device",
    [
        Authenticator("https://mail.example.org.evil.test"),
        Authenticator("http://mail.example.org"),
        Authenticator("https://other.example.org"),
        Authenticator(ORIGIN + ":8443"),
    ],
)
def test_a_page_of_another_origin_is_refused(web: WebAuthn, device: Authenticator) -> None:
    options = web.begin_registration(SESSION, HANDLE, "alice@example.org", [], is_passkey=True)
    refused(lambda: web.finish_registration(SESSION, device.create(options)))


def test_a_passkey_that_does_not_verify_its_user_is_refused(web: WebAuthn) -> None:
    device = Authenticator(ORIGIN, is_verifying=False)
    options = web.begin_registration(SESSION, HANDLE, "alice@example.org", [], is_passkey=True)
    refused(lambda: web.finish_registration(SESSION, device.create(options)))
    credential = register(web, device, is_passkey=False)
    answer = device.get(web.begin_login(SESSION, None, verification="required"))
    refused(lambda: web.finish_login(SESSION, answer, [credential]))


def changed(answer: dict[str, Any], name: str, change: Callable[[bytes], bytes]) -> dict[str, Any]:
    other = copy.deepcopy(answer)
    other["response"][name] = websafe_encode(change(websafe_decode(other["response"][name])))
    return other


@pytest.mark.parametrize("name", ["clientDataJSON", "authenticatorData", "signature"])
def test_whatever_was_changed_on_the_way_is_refused(web: WebAuthn, name: str) -> None:
    device = Authenticator(ORIGIN)
    credential = register(web, device)
    length = 40
    for place in range(length):

        def flip(raw: bytes, place: int = place) -> bytes:
            at = place * len(raw) // length
            return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]

        answer = device.get(web.begin_login(SESSION, [credential], verification="required"))
        refused(lambda answer=answer, flip=flip: web.finish_login(SESSION, changed(answer, name, flip), [credential]))  # type: ignore[misc]


def test_somebody_elses_authenticator_is_refused(web: WebAuthn) -> None:
    credential = register(web, Authenticator(ORIGIN))
    other = Authenticator(ORIGIN)
    register(web, other)
    answer = other.get(web.begin_login(SESSION, [credential], verification="required"))
    refused(lambda: web.finish_login(SESSION, answer, [credential]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["AAAA", "public-key", "e30"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = ("id", "rawId", "type", "response", "clientExtensionResults", "authenticatorAttachment")
INNER = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")


@given(st.dictionaries(st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from(INNER), JSON)))
def test_whatever_a_browser_sends_is_refused_and_nothing_breaks(response: dict[str, Any]) -> None:
    web = WebAuthn("mail.example.org", frozenset({ORIGIN}), FixedClock(), SystemRandom())
    web.begin_registration(SESSION, HANDLE, "alice@example.org", [], is_passkey=True)
    refused(lambda: web.finish_registration(SESSION, response))
    web.begin_login(SESSION, None, verification="required")
    refused(lambda: web.finish_login(SESSION, response, []))
    handle = handle_in(response)
    assert handle is None or isinstance(handle, bytes)
