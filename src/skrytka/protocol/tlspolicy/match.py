"""Whether a server's certificates are those of its TLSA records (RFC 7672 3.1, 3.2; RFC 7671 5)."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from skrytka.model.dns import Tlsa
from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.tlspolicy.certificate import UNREADABLE, is_covered, load, names_of, public_key
from skrytka.protocol.tlspolicy.dane import DANE_EE, DANE_TA
from skrytka.protocol.tlspolicy.path import DEPTH_MAX, Anchor, bare_key, is_beyond_library, why_not

CHAIN_MAX: Final = 10  # certificates looked at
ANCHORS_MAX: Final = 2  # tried; each path is up to half a millisecond, and a stranger chooses both
_DIGESTS: Final = {1: hashlib.sha256, 2: hashlib.sha512}

# RFC 8460 4.3
NOT_TRUSTED: Final = "certificate-not-trusted"
HOST_MISMATCH: Final = "certificate-host-mismatch"
EXPIRED: Final = "certificate-expired"


class Verdict(msgspec.Struct, frozen=True):
    """``result`` as RFC 8460 4.3 calls it, "" when the server is who it should be; ``detail`` says why not."""

    result: str = ""
    detail: str = ""


def verify(chain: Sequence[bytes], records: Iterable[Tlsa], names: Sequence[str], at: dt.datetime) -> Verdict:
    """One record that matches is enough. ``chain``: DER, the server's own first; ``names``: one has to be in it.

    By DANE-EE(3) names and dates of the certificate mean nothing (RFC 7672 3.1.1); by DANE-TA(2) they do.
    """
    chain = chain[:CHAIN_MAX]
    if not chain:
        return Verdict(NOT_TRUSTED, "the server has shown no certificate")
    given = list(records)
    if any(record.usage == DANE_EE and is_match(record, chain[0]) for record in given):
        return Verdict()
    verdict = Verdict(NOT_TRUSTED, "no certificate of the server is that of a TLSA record")
    for anchor in _anchors(chain, [record for record in given if record.usage == DANE_TA])[:ANCHORS_MAX]:
        verdict = _by_anchor(chain, anchor, names, at)
        if not verdict.result:
            break
    return verdict


def _anchors(chain: Sequence[bytes], records: Sequence[Tlsa]) -> list[Anchor | None]:
    """Authorities of DANE-TA(2), those that the server has shown first; None for one that cannot be read."""
    found: dict[bytes, None] = {}
    bare: dict[bytes, None] = {}
    for record in records:
        shown = (*chain[1:], *_published(record))
        matching = [each for each in shown if each != chain[0] and is_match(record, each)]
        found |= dict.fromkeys(matching)
        if not matching and (record.selector, record.matching) == (1, 0) and not is_match(record, chain[0]):
            bare[record.data] = None
    return [*map(_of_certificate, found), *map(bare_key, bare)]


def _of_certificate(octets: bytes) -> Anchor | None:
    certificate = load(octets)
    if certificate is None:
        return None
    try:
        return Anchor(certificate.public_key(), certificate)
    except UNREADABLE:
        return None


def is_match(record: Tlsa, certificate: bytes) -> bool:
    """RFC 6698 2.1.2, 2.1.3: the whole certificate or its key, as it is or its digest."""
    try:
        chosen = certificate if record.selector == 0 else public_key(certificate)
    except RemoteProtocolError:
        return False
    digest = _DIGESTS.get(record.matching)
    return (chosen if digest is None else digest(chosen).digest()) == record.data


def _published(record: Tlsa) -> tuple[bytes, ...]:
    """A certificate that stands in DNS as a whole need not be sent (RFC 7671 5.2.3)."""
    return (record.data,) if record.matching == 0 and record.selector == 0 else ()


def _by_anchor(chain: Sequence[bytes], anchor: Anchor | None, names: Sequence[str], at: dt.datetime) -> Verdict:
    leaf = load(chain[0])
    if leaf is None or anchor is None:
        return Verdict(NOT_TRUSTED, "a certificate that cannot be read")
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        return Verdict(EXPIRED, f"valid until {leaf.not_valid_after_utc:%Y-%m-%d}")
    if said := _path(leaf, list(_one_of_each_name(anchor.certificate, chain[1:])), anchor, at):
        return Verdict(NOT_TRUSTED, said)
    own = names_of(leaf)
    if not any(is_covered(name, pattern) for name in names for pattern in own):
        return Verdict(HOST_MISMATCH, f"it is of {', '.join(own[:5]) or 'no name'}"[:200])
    return Verdict()


def _path(leaf: x509.Certificate, between: list[x509.Certificate], anchor: Anchor, at: dt.datetime) -> str:
    """Why no path leads to the anchor; "" when one does."""
    trusted = anchor.certificate
    if trusted is None or is_beyond_library([leaf, *between, trusted]):
        return why_not(leaf, between, anchor, at)
    try:
        _verifier(trusted, at).verify(leaf, between)
    except (VerificationError, *UNREADABLE) as exc:
        return str(exc)[:200] or "no path"
    return ""


def _one_of_each_name(anchor: x509.Certificate | None, chain: Sequence[bytes]) -> Iterator[x509.Certificate]:
    """Several issuers of one name would make the search for a path as long as a stranger likes."""
    seen = set() if anchor is None else {anchor.subject}
    for each in map(load, chain):
        if each is not None and each.subject not in seen:
            seen.add(each.subject)
            yield each


def _verifier(anchor: x509.Certificate, at: dt.datetime) -> ClientVerifier:
    """A path to the anchor; of extensions only what makes an issuer one: private authorities follow no browser."""
    agnostic = Criticality.AGNOSTIC
    issuers = (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, agnostic, _is_issuer)
        .may_be_present(x509.KeyUsage, agnostic, _signs)
    )
    servers = ExtensionPolicy.permit_all().may_be_present(x509.ExtendedKeyUsage, agnostic, _is_server)
    builder = PolicyBuilder().store(Store([anchor])).time(at).max_chain_depth(DEPTH_MAX)
    return builder.extension_policies(ca_policy=issuers, ee_policy=servers).build_client_verifier()


def _is_issuer(_policy: Policy, _certificate: x509.Certificate, extension: x509.BasicConstraints) -> None:
    if not extension.ca:
        raise ValueError("an issuer that is no authority")


def _signs(_policy: Policy, _certificate: x509.Certificate, extension: x509.KeyUsage | None) -> None:
    if extension is not None and not extension.key_cert_sign:
        raise ValueError("an issuer whose key may not sign certificates")


def _is_server(_policy: Policy, _certificate: x509.Certificate, extension: x509.ExtendedKeyUsage | None) -> None:
    allowed = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if extension is not None and not allowed & set(extension):
        raise ValueError("a certificate that is not for servers")
