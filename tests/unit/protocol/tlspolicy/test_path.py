"""Paths that the library's verifier does not go: a key alone as anchor, and keys of Edwards' curves."""

import datetime as dt
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from skrytka.protocol.tlspolicy.match import EXPIRED, HOST_MISMATCH, NOT_TRUSTED, verify
from skrytka.protocol.tlspolicy.path import DEPTH_MAX, Anchor, bare_key, is_beyond_library, is_signed_by, why_not
from tests.support.chains import Issued, Key, issue, tlsa

NOW = dt.datetime.now(dt.UTC)
NAME = "mx.example.net"


def curve() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def large() -> Key:
    return rsa.generate_private_key(65537, 2048)


ED = ed25519.Ed25519PrivateKey.generate
KINDS: dict[str, Callable[[], Key]] = {
    "ed25519": ED,
    "ed448": ed448.Ed448PrivateKey.generate,
    "ecdsa": curve,
    "rsa": large,
}
ROOT = issue("root", is_authority=True, key=ED())
BETWEEN = issue("between", ROOT, is_authority=True)
LEAF = issue("leaf", BETWEEN, names=(NAME,))


def result(chain: tuple[Issued, ...], usage: int, selector: int, matching: int, anchor: Issued) -> str:
    record = tlsa(usage, selector, matching, anchor)
    return verify([each.der for each in chain], [record], (NAME,), NOW).result


@pytest.mark.parametrize("kind", KINDS)
class TestEachKindOfKey:
    @pytest.mark.parametrize("matching", [0, 1, 2])
    @pytest.mark.parametrize("selector", [0, 1])
    def test_as_an_authority(self, kind: str, selector: int, matching: int) -> None:
        root = issue("root", is_authority=True, key=KINDS[kind]())
        between = issue("between", root, is_authority=True, key=ED())
        leaf = issue("leaf", between, names=(NAME,))
        assert result((leaf, between, root), 2, selector, matching, root) == ""
        assert result((leaf, between), 2, selector, matching, between) == ""
        assert result((leaf, between, root), 2, selector, matching, ROOT) == NOT_TRUSTED

    def test_as_a_key_alone(self, kind: str) -> None:
        root = issue("root", is_authority=True, key=KINDS[kind]())
        between = issue("between", root, is_authority=True)
        leaf = issue("leaf", between, names=(NAME,))
        assert result((leaf, between), 2, 1, 0, root) == ""
        assert result((leaf, between), 2, 1, 0, issue("other", key=KINDS[kind]())) == NOT_TRUSTED
        assert result((leaf,), 2, 1, 0, root) == NOT_TRUSTED
        assert bare_key(root.spki) is not None

    def test_as_the_servers_own(self, kind: str) -> None:
        leaf = issue("leaf", BETWEEN, names=(NAME,), key=KINDS[kind]())
        assert result((leaf, BETWEEN, ROOT), 2, 0, 1, ROOT) == ""


def test_a_server_is_not_its_own_authority() -> None:
    alone = issue("alone", names=(NAME,), key=ED())
    assert result((alone,), 2, 1, 0, alone) == NOT_TRUSTED
    assert result((alone, alone), 2, 1, 1, alone) == NOT_TRUSTED


@pytest.mark.parametrize("shown", [(BETWEEN, ROOT), (BETWEEN,)])
@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (issue("x", BETWEEN, names=(NAME,)), ""),
        (issue("x", BETWEEN, names=("elsewhere.example",)), HOST_MISMATCH),
        (issue("x", BETWEEN, names=(NAME,), days=(-20, -1)), EXPIRED),
        (issue("x", BETWEEN, names=(NAME,), days=(1, 2)), EXPIRED),
        (issue("x", BETWEEN, names=(NAME,), purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)), ""),
        (issue("x", BETWEEN, names=(NAME,), purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)), NOT_TRUSTED),
        (issue("x", BETWEEN, names=(NAME,), more=((x509.OCSPNoCheck(), True),)), NOT_TRUSTED),
        (issue("x", BETWEEN, names=(NAME,), more=((x509.OCSPNoCheck(), False),)), ""),
        (issue("x", names=(NAME,)), NOT_TRUSTED),
    ],
)
def test_names_dates_and_extensions_of_the_servers_own_count(
    leaf: Issued, expected: str, shown: tuple[Issued, ...]
) -> None:
    """By the anchor's certificate, and by its key alone."""
    anchor = (2, 0, 1) if ROOT in shown else (2, 1, 0)
    assert result((leaf, *shown), *anchor, ROOT) == expected


NO_NAMES = x509.NameConstraints(None, [x509.DNSName("example.net")])


@pytest.mark.parametrize(
    "between",
    [
        issue("between", ROOT, is_authority=False),
        issue("between", ROOT),
        issue("between", ROOT, is_authority=True, may_sign=False),
        issue("between", ROOT, is_authority=True, days=(-20, -1)),
        issue("between", ROOT, is_authority=True, more=((NO_NAMES, False),)),
        issue("between", ROOT, is_authority=True, more=((x509.OCSPNoCheck(), True),)),
        issue("between", issue("root", is_authority=True, key=ED()), is_authority=True),  # of somebody called so too
    ],
)
def test_who_may_not_issue_is_no_issuer(between: Issued) -> None:
    leaf = issue("x", between, names=(NAME,))
    assert result((leaf, between, ROOT), 2, 0, 1, ROOT) == NOT_TRUSTED
    assert result((leaf, between), 2, 1, 0, ROOT) == NOT_TRUSTED


def test_constraints_and_dates_of_the_anchor_hold() -> None:
    anchor = issue("short", is_authority=True, path_length=0, key=ED())
    deep = issue("deep", anchor, is_authority=True)
    assert result((issue("x", deep, names=(NAME,)), deep, anchor), 2, 0, 1, anchor) == NOT_TRUSTED
    assert result((issue("x", anchor, names=(NAME,)), anchor), 2, 0, 1, anchor) == ""
    old = issue("old", is_authority=True, days=(-20, -1), key=ED())
    assert result((issue("x", old, names=(NAME,)), old), 2, 0, 1, old) == NOT_TRUSTED


def test_a_path_has_an_end() -> None:
    chain = [ROOT]
    for number in range(DEPTH_MAX + 1):
        chain.append(issue(f"deep {number}", chain[-1], is_authority=True))
        shown = (issue("x", chain[-1], names=(NAME,)), *reversed(chain))
        assert result(shown, 2, 0, 1, ROOT) == ("" if number < DEPTH_MAX else NOT_TRUSTED)
    same = issue("same", is_authority=True)
    round_ = issue("same", same, is_authority=True)
    leaf = issue("x", round_, names=(NAME,))
    anchor = bare_key(ROOT.spki)
    assert anchor is not None
    assert why_not(leaf.certificate, [round_.certificate], anchor, NOW)


@pytest.mark.parametrize(
    ("signer", "digest"),
    [
        (curve(), hashes.SHA224()),
        (large(), hashes.SHA224()),
        (rsa.generate_private_key(65537, 1024), hashes.SHA256()),
        (ec.generate_private_key(ec.SECP192R1()), hashes.SHA256()),
    ],
)
def test_what_proves_nothing_any_more(signer: Key, digest: hashes.HashAlgorithm) -> None:
    root = issue("root", is_authority=True, key=signer)
    leaf = issue("x", root, names=(NAME,), digest=digest)
    assert not is_signed_by(leaf.certificate, root.certificate.public_key())
    assert result((leaf,), 2, 1, 0, root) == NOT_TRUSTED


def test_a_key_that_is_none() -> None:
    assert bare_key(b"junk") is None
    assert bare_key(bytes(701)) is None
    assert not is_signed_by(LEAF.certificate, None)
    assert not is_signed_by(LEAF.certificate, large().public_key())


def test_every_changed_octet_of_a_certificate_on_the_path_is_noticed() -> None:
    anchor, octets = Anchor(ROOT.certificate.public_key(), ROOT.certificate), BETWEEN.der
    assert why_not(LEAF.certificate, [BETWEEN.certificate], anchor, NOW) == ""
    record = tlsa(2, 0, 1, ROOT)
    unused_bits = len(octets) - 65  # of the signature: a number that means nothing
    for place in {*range(len(octets))} - {unused_bits}:
        changed = octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]
        verdict = verify([LEAF.der, changed, ROOT.der], [record], (NAME,), NOW)
        assert verdict.result == NOT_TRUSTED, place


def test_which_paths_the_library_goes() -> None:
    assert is_beyond_library([ROOT.certificate])
    assert not is_beyond_library([BETWEEN.certificate])
