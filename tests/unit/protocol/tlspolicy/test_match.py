"""Chains against TLSA records (RFC 7672 3.1 and 3.2, RFC 7671 5)."""

import datetime as dt
import time

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from skrytka.model.dns import Tlsa
from skrytka.protocol.tlspolicy.match import EXPIRED, HOST_MISMATCH, NOT_TRUSTED, is_match, verify
from tests.support.chains import Issued, issue, tlsa

NOW = dt.datetime.now(dt.UTC)
NAMES = ("mx.example.net", "example.org")
ROOT = issue("root", is_authority=True)
BETWEEN = issue("between", ROOT, is_authority=True)
LEAF = issue("leaf", BETWEEN, names=("mx.example.net",))
STRANGER = issue("stranger", is_authority=True)
CHAIN = (LEAF, BETWEEN, ROOT)


def result(chain: tuple[Issued, ...], *records: Tlsa, names: tuple[str, ...] = NAMES, at: dt.datetime = NOW) -> str:
    return verify([each.der for each in chain], records, names, at).result


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
class TestEachSelectorAndMatchingType:
    def test_the_servers_own(self, selector: int, matching: int) -> None:
        assert result(CHAIN, tlsa(3, selector, matching, LEAF)) == ""
        assert result(CHAIN, tlsa(3, selector, matching, STRANGER)) == NOT_TRUSTED
        assert result(CHAIN, tlsa(3, selector, matching, BETWEEN)) == NOT_TRUSTED  # it is not the server's own

    @pytest.mark.parametrize("anchor", [BETWEEN, ROOT])
    def test_an_authority(self, selector: int, matching: int, anchor: Issued) -> None:
        assert result(CHAIN, tlsa(2, selector, matching, anchor)) == ""
        assert result(CHAIN, tlsa(2, selector, matching, STRANGER)) == NOT_TRUSTED

    def test_the_servers_own_is_no_authority(self, selector: int, matching: int) -> None:
        assert result(CHAIN, tlsa(2, selector, matching, LEAF)) == NOT_TRUSTED


def test_one_record_that_matches_is_enough() -> None:
    assert result(CHAIN, tlsa(3, 1, 1, STRANGER), tlsa(3, 1, 1, LEAF)) == ""
    assert result(CHAIN, tlsa(2, 0, 1, STRANGER), tlsa(3, 1, 1, LEAF)) == ""
    assert result(CHAIN, tlsa(3, 1, 1, STRANGER), tlsa(2, 0, 1, ROOT)) == ""


@pytest.mark.parametrize(
    "leaf",
    [
        issue("other", BETWEEN, names=("elsewhere.example",)),
        issue("none"),
        issue("expired", BETWEEN, names=("mx.example.net",), days=(-20, -1)),
        issue("not yet", BETWEEN, names=("mx.example.net",), days=(1, 2)),
    ],
)
def test_names_and_dates_mean_nothing_to_dane_ee(leaf: Issued) -> None:
    assert result((leaf,), tlsa(3, 1, 1, leaf)) == ""
    assert result((leaf,), tlsa(3, 0, 2, leaf)) == ""


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (issue("x", BETWEEN, names=("mx.example.net",)), ""),
        (issue("x", BETWEEN, names=("example.org",)), ""),  # 3.2.2: the next-hop domain
        (issue("x", BETWEEN, names=("*.example.net",)), ""),
        (issue("mx.example.net", BETWEEN), ""),  # 3.2.3: the common name, without DNS names
        (issue("mx.example.net", BETWEEN, names=("elsewhere.example",)), HOST_MISMATCH),
        (issue("x", BETWEEN, names=("*.org",)), HOST_MISMATCH),
        (issue("x", BETWEEN, names=("sub.mx.example.net",)), HOST_MISMATCH),
        (issue("x", BETWEEN, names=("mx.example.net",), days=(-20, -1)), EXPIRED),
        (issue("x", BETWEEN, names=("mx.example.net",), days=(1, 2)), EXPIRED),
        (issue("x", BETWEEN, names=("mx.example.net",), purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)), ""),
        (issue("x", BETWEEN, names=("mx.example.net",), purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)), NOT_TRUSTED),
        (issue("x", STRANGER, names=("mx.example.net",)), NOT_TRUSTED),  # the chain beside it proves nothing
        (issue("x", names=("mx.example.net",)), NOT_TRUSTED),
    ],
)
def test_names_dates_and_signatures_count_for_dane_ta(leaf: Issued, expected: str) -> None:
    assert result((leaf, BETWEEN, ROOT), tlsa(2, 0, 1, ROOT)) == expected


def test_an_authority_that_was_not_sent_does_not_help_unless_dns_has_all_of_it() -> None:
    assert result((LEAF, BETWEEN), tlsa(2, 0, 1, ROOT)) == NOT_TRUSTED
    assert result((LEAF, BETWEEN), tlsa(2, 0, 0, ROOT)) == ""
    assert result((LEAF, ROOT), tlsa(2, 0, 1, ROOT)) == NOT_TRUSTED
    assert result((LEAF, BETWEEN), tlsa(2, 1, 1, ROOT)) == NOT_TRUSTED
    assert result((LEAF, BETWEEN), tlsa(2, 1, 0, ROOT)) == ""
    assert result((LEAF,), tlsa(2, 1, 0, BETWEEN)) == ""
    assert result((LEAF,), tlsa(2, 1, 0, ROOT)) == NOT_TRUSTED


@pytest.mark.parametrize(
    "between",
    [
        issue("between", ROOT, is_authority=False),
        issue("between", ROOT),
        issue("between", ROOT, is_authority=True, may_sign=False),
        issue("between", ROOT, is_authority=True, days=(-20, -1)),
    ],
)
def test_who_may_not_issue_is_no_issuer(between: Issued) -> None:
    leaf = issue("x", between, names=("mx.example.net",))
    assert result((leaf, between, ROOT), tlsa(2, 0, 1, ROOT)) == NOT_TRUSTED


def test_constraints_of_the_anchor_hold() -> None:
    anchor = issue("short", is_authority=True, path_length=0)
    deep = issue("deep", anchor, is_authority=True)
    assert result((issue("x", deep, names=NAMES), deep, anchor), tlsa(2, 0, 1, anchor)) == NOT_TRUSTED
    assert result((issue("x", anchor, names=NAMES), anchor), tlsa(2, 0, 1, anchor)) == ""


def test_an_expired_anchor_proves_nothing() -> None:
    old = issue("old", is_authority=True, days=(-20, -1))
    assert result((issue("x", old, names=NAMES), old), tlsa(2, 0, 1, old)) == NOT_TRUSTED


def test_no_certificate_and_what_is_none() -> None:
    assert result((), tlsa(3, 1, 1, LEAF)) == NOT_TRUSTED
    assert verify([b"x"], [tlsa(3, 1, 1, LEAF)], NAMES, NOW).result == NOT_TRUSTED
    junk = Tlsa(2, 0, 0, b"junk")
    assert verify([b"x", b"junk"], [junk], NAMES, NOW).result == NOT_TRUSTED
    assert verify([LEAF.der, b"junk"], [junk], NAMES, NOW).result == NOT_TRUSTED
    assert not is_match(tlsa(3, 1, 1, LEAF), b"junk")


def test_many_issuers_of_one_name_cost_no_time() -> None:
    """A stranger chooses what he sends: the search for a path must not grow with it."""
    first = issue("same", is_authority=True)
    others = [first]
    for _ in range(8):
        others.append(issue("same", others[-1], is_authority=True))
    leaf = issue("x", others[-1], names=NAMES)
    began = time.process_time()
    assert result((leaf, *others), tlsa(2, 0, 1, ROOT), tlsa(2, 0, 0, STRANGER)) == NOT_TRUSTED
    assert time.process_time() - began < 0.2
