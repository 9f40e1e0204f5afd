from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason
from skrytka.model.secret import Secret
from skrytka.net.acme.files import signing_request
from skrytka.protocol.acme import jose
from skrytka.protocol.acme.client import NONCE_TRIES, AcmeClient
from skrytka.protocol.acme.steps import Authority, AuthorityError, Kind
from tests.support.acme_authority import TOKEN, URL, LittleAuthority

KEY = jose.private_key(Secret(bytes(32)), "test")
NAMES = ("mail.example.test", "mta-sts.example.test")
ERROR = "urn:ietf:params:acme:error:"


@pytest.fixture
def authority() -> LittleAuthority:
    return LittleAuthority(FixedClock())


def client(*kinds: Kind, **more: Any) -> AcmeClient:
    return AcmeClient(Authority(f"{URL}/directory", **more), KEY, kinds or (Kind.HTTP,))


def csr() -> bytes:
    return signing_request(ec.generate_private_key(ec.SECP256R1()), NAMES)


def test_from_the_directory_to_the_chain(authority: LittleAuthority) -> None:
    chain = authority.take(client(contacts=("mailto:a@example.test",)).obtain(NAMES, csr()))
    leaf = x509.load_pem_x509_certificates(chain)[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(names.get_values_for_type(x509.DNSName)) == NAMES
    assert authority.payloads["/account"] == {"termsOfServiceAgreed": True, "contact": ["mailto:a@example.test"]}
    assert [(one.kind, one.name, one.token) for one in authority.published] == [
        (Kind.HTTP, name, TOKEN) for name in NAMES
    ]
    assert authority.published[0].key_authorization == jose.key_authorization(TOKEN, KEY)
    assert authority.asked[:3] == ["/directory", "/nonce", "/account"]


def test_the_account_is_asked_for_once(authority: LittleAuthority) -> None:
    one = client()
    for _ in range(2):
        authority.take(one.obtain(NAMES, csr()))
    assert authority.asked.count("/account") == 1
    assert authority.asked.count("/directory") == 1


def test_the_liked_challenge_that_is_offered_is_taken(authority: LittleAuthority) -> None:
    authority.kinds = ["dns-01", "http-01"]
    authority.take(client(Kind.ALPN, Kind.DNS, Kind.HTTP).obtain(NAMES, csr()))
    assert {one.kind for one in authority.published} == {Kind.DNS}


@pytest.mark.parametrize(("failures", "kind"), [(0, "tls-alpn-01"), (1, "http-01"), (2, "tls-alpn-01"), (7, "http-01")])
def test_after_a_failure_another_challenge_goes_first(authority: LittleAuthority, failures: int, kind: str) -> None:
    authority.take(client(Kind.ALPN, Kind.HTTP).obtain(NAMES, csr(), failures=failures))
    assert {one.kind for one in authority.published} == {kind}


def test_a_proof_that_still_holds_is_not_given_again(authority: LittleAuthority) -> None:
    authority.statuses = ["valid", "valid"]
    order = {"status": "valid", "finalize": "f", "authorizations": [], "certificate": f"{URL}/pem"}
    authority.problems["/order/1"] = (200, order, {})
    with pytest.raises(AuthorityError, match="no chain"):
        authority.take(client().obtain(NAMES, csr()))
    assert authority.published == []


def test_a_refused_nonce_is_replaced(authority: LittleAuthority) -> None:
    authority.bad_nonces = NONCE_TRIES - 1
    authority.take(client().obtain(NAMES, csr()))
    authority.bad_nonces = NONCE_TRIES
    with pytest.raises(AuthorityError, match="nonces"):
        authority.take(client().obtain(NAMES, csr()))


@pytest.mark.parametrize(
    ("path", "status", "kind", "fields", "reason", "wait_s"),
    [
        ("/order", 429, "rateLimited", {"retry_after": "7200"}, Reason.RATE_LIMITED, 7200),
        ("/order", 400, "rateLimited", {}, Reason.RATE_LIMITED, 0),
        ("/order", 403, "rejectedIdentifier", {"retry_after": "Fri, 01 Jan 2027"}, Reason.NOT_PERMITTED, 0),
        ("/account", 401, "externalAccountRequired", {"retry_after": "9" * 11}, Reason.NOT_PERMITTED, 7 * 86_400),
        ("/finalize", 403, "badCSR", {}, Reason.NOT_PERMITTED, 0),
        ("/directory", 503, "", {}, Reason.NOT_PERMITTED, 0),
    ],
)
def test_refusals_are_told_with_what_the_authority_wants(
    authority: LittleAuthority, path: str, status: int, kind: str, fields: dict[str, str], reason: Reason, wait_s: float
) -> None:
    authority.problems[path] = (status, {"type": ERROR + kind, "detail": "because"}, fields)
    with pytest.raises(AuthorityError) as caught:
        authority.take(client().obtain(NAMES, csr()))
    assert (caught.value.reason, caught.value.retry_after_s) == (reason, wait_s)
    assert f"{status} {kind}: because" in caught.value.detail


def test_a_challenge_that_fails_says_what_the_authority_saw(authority: LittleAuthority) -> None:
    authority.statuses = ["pending", "invalid"]
    with pytest.raises(AuthorityError) as caught:
        authority.take(client().obtain(NAMES, csr()))
    assert caught.value.detail == "mail.example.test: unauthorized: wrongkey"


@pytest.mark.parametrize("name", ["../../store/mail.sqlite", "other.test", "a b.example.test"])
def test_nothing_is_shown_for_a_name_that_was_not_ordered(authority: LittleAuthority, name: str) -> None:
    authority.instead = name
    with pytest.raises(AuthorityError, match="not ordered"):
        authority.take(client(Kind.ALPN, Kind.DNS).obtain(NAMES, csr()))
    assert not authority.published


def test_a_wildcard_is_proven_by_the_name_above_it(authority: LittleAuthority) -> None:
    authority.take(client(Kind.DNS).obtain(("*.example.test",), csr()))
    assert [one.name for one in authority.published] == ["example.test"]


def test_an_account_that_the_authority_has_forgotten_is_made_anew(authority: LittleAuthority) -> None:
    one = client()
    authority.take(one.obtain(NAMES, csr()))
    authority.problems["/order"] = (400, {"type": f"{ERROR}accountDoesNotExist", "detail": "who"}, {})
    with pytest.raises(AuthorityError, match="who"):
        authority.take(one.obtain(NAMES, csr()))
    del authority.problems["/order"]
    authority.take(one.obtain(NAMES, csr()))
    assert authority.asked.count("/account") == 2


def test_an_order_that_never_gets_ready_ends(authority: LittleAuthority) -> None:
    authority.statuses = ["pending", "pending"]
    with pytest.raises(AuthorityError) as caught:
        authority.take(client().obtain(NAMES, csr()))
    assert caught.value.reason is Reason.TIMEOUT


def test_a_challenge_that_we_do_not_know_is_named(authority: LittleAuthority) -> None:
    authority.kinds = ["email-reply-00"]
    with pytest.raises(AuthorityError, match="email-reply-00 only"):
        authority.take(client().obtain(NAMES, csr()))


def test_an_external_account_is_bound_where_there_is_one(authority: LittleAuthority) -> None:
    authority.take(client(eab_kid="kid", eab_key=Secret(b"x" * 32)).obtain(NAMES, csr()))
    assert set(authority.payloads["/account"]["externalAccountBinding"]) == {"protected", "payload", "signature"}


def test_a_certificate_says_which_one_it_replaces_where_the_authority_has_ari(authority: LittleAuthority) -> None:
    authority.take(client().obtain(NAMES, csr(), "id.serial"))
    assert "replaces" not in authority.payloads["/order"]
    authority.window = ("2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z")
    authority.take(client().obtain(NAMES, csr(), "id.serial"))
    assert authority.payloads["/order"]["replaces"] == "id.serial"


def test_what_caa_records_call_the_authority_is_in_its_directory(authority: LittleAuthority) -> None:
    one = client()
    assert not one.issuers
    offered = {"newNonce": f"{URL}/nonce", "newAccount": f"{URL}/account", "newOrder": f"{URL}/order"}
    names = ["CA.test", 'evil"; x', "b.test"]
    authority.problems["/directory"] = (200, offered | {"meta": {"caaIdentities": names}}, {})
    authority.take(one.directory())
    assert one.issuers == ("ca.test", "b.test")
