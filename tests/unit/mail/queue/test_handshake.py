"""What route and policy demand of TLS, and what a failure is called (RFC 8460 4.3)."""

import datetime as dt
import ssl
from typing import Literal

import pytest

from skrytka.mail.queue.handshake import NO_ENCRYPTION, NOT_PROVEN, ROUTE, Handshake, TlsFailedError
from skrytka.mail.queue.routes import Hop
from skrytka.model.clock import FixedClock
from skrytka.model.engine import TlsFacts
from skrytka.model.errors import RemoteProtocolError
from skrytka.net.client_tls import ClientTls
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy, Level, PolicyType
from tests.support.chains import issue, tlsa

LEAF = issue("leaf", around=dt.datetime.fromtimestamp(1_800_000_000, dt.UTC))
RouteTls = Literal["never", "opportunistic", "required", "implicit"]
DANE = HostPolicy(
    level=Level.PROVEN,
    kind=PolicyType.TLSA,
    domain="base.example",
    names=("base.example",),
    records=(tlsa(3, 1, 1, LEAF),),
)
UNUSABLE = HostPolicy(level=Level.ENCRYPTED, kind=PolicyType.TLSA, domain="base.example", names=("base.example",))


def handshake(policy: HostPolicy = NO_POLICY, tls: RouteTls = "opportunistic") -> Handshake:
    return Handshake(Hop(host="mx.example", tls=tls), policy, ClientTls(), FixedClock())


@pytest.mark.parametrize(
    ("policy", "tls", "is_required", "is_proven"),
    [
        (NO_POLICY, "opportunistic", False, False),
        (NO_POLICY, "never", False, False),
        (NO_POLICY, "required", True, True),
        (NO_POLICY, "implicit", True, True),
        (UNUSABLE, "opportunistic", True, False),
        (DANE, "opportunistic", True, True),
    ],
)
def test_what_is_demanded(policy: HostPolicy, tls: RouteTls, is_required: bool, is_proven: bool) -> None:
    found = handshake(policy, tls)
    assert (found.is_required, found.is_proven) == (is_required, is_proven)


def test_the_chain_is_looked_at_where_records_speak_of_it() -> None:
    facts = TlsFacts(version="TLSv1.3", cipher="x", chain=(LEAF.der,))
    handshake(DANE).check(facts)
    handshake(UNUSABLE).check(TlsFacts(version="TLSv1.3", cipher="x"))
    with pytest.raises(TlsFailedError) as caught:
        handshake(DANE).check(TlsFacts(version="TLSv1.3", cipher="x"))
    assert (caught.value.result, caught.value.status) == ("certificate-not-trusted", NOT_PROVEN)


def test_sni_is_the_base_domain_or_the_host() -> None:
    for policy, name in ((DANE, b"base.example"), (UNUSABLE, b"base.example"), (NO_POLICY, b"mx.example")):
        pipe = handshake(policy).pipe()
        pipe.handshake(b"")
        assert name in pipe.output()


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (10, "certificate-expired"),
        (62, "certificate-host-mismatch"),
        (18, "certificate-not-trusted"),
        (20, "certificate-not-trusted"),
        (None, "validation-failure"),
    ],
)
def test_a_failure_has_the_name_that_reports_give_it(code: int | None, result: str) -> None:
    error = RemoteProtocolError("TLS: CERTIFICATE_VERIFY_FAILED")
    if code is not None:
        cause = ssl.SSLCertVerificationError()
        cause.verify_code, cause.verify_message = code, "it is wrong"
        error.__cause__ = cause
    failure = handshake(NO_POLICY, "required").broken(error)
    assert (failure.result, failure.status) == (result, ROUTE)
    said = "CERTIFICATE_VERIFY_FAILED" if code is None else "it is wrong"
    assert failure.detail == f"TLS with mx.example fails: {said}"


def test_a_server_without_tls_is_told_with_whose_wish_it_was() -> None:
    failure = handshake(DANE).missing("offers no TLS")
    assert (failure.result, failure.status) == ("starttls-not-supported", NO_ENCRYPTION)
    assert failure.detail == "DANE: mx.example offers no TLS"
    assert handshake(DANE).broken(RemoteProtocolError("")).detail == (
        "DANE: TLS with mx.example fails: the connection was closed"
    )
