import hashlib

import msgspec
import pytest

from skrytka.model.dns import Tlsa
from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.judge import judge
from skrytka.protocol.published.looks import looks
from skrytka.protocol.published.trust import association_of, is_fitting
from skrytka.protocol.published.wanted import Association, Served
from skrytka.protocol.tlspolicy.certificate import public_key
from tests.support.published import FACTS, ISSUER, LEAF, LEAF_TLSA, NEXT, Changes, look, run, unlike, zone_of

NAME = ("_25._tcp.mail.example.org", "TLSA")
SERVED = Served(25, (LEAF, ISSUER))
CAA = ("mail.example.org", "CAA")
ISSUER_KEY = hashlib.sha512(public_key(ISSUER)).hexdigest()


@pytest.mark.parametrize(
    ("tlsa", "is_right"),
    [
        (Tlsa(3, 1, 1, hashlib.sha256(public_key(LEAF)).digest()), True),
        (Tlsa(3, 0, 2, hashlib.sha512(LEAF).digest()), True),
        (Tlsa(3, 1, 0, public_key(LEAF)), True),
        (Tlsa(2, 0, 1, hashlib.sha256(ISSUER).digest()), True),
        (Tlsa(2, 1, 1, hashlib.sha256(public_key(LEAF)).digest()), False),  # the leaf is no issuer
        (Tlsa(3, 1, 1, hashlib.sha256(public_key(ISSUER)).digest()), False),
        (Tlsa(1, 1, 1, hashlib.sha256(public_key(LEAF)).digest()), False),  # RFC 7672 3.1.3: unusable
        (Tlsa(3, 2, 1, hashlib.sha256(public_key(LEAF)).digest()), False),
        (Tlsa(3, 1, 3, hashlib.sha256(public_key(LEAF)).digest()), False),
        (Tlsa(3, 1, 1, b""), False),
    ],
)
def test_a_record_fits_the_leaf_or_an_issuer(tlsa: Tlsa, is_right: bool) -> None:
    assert is_fitting(tlsa, SERVED) is is_right


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([LEAF_TLSA, "3 1 1 " + "00" * 32], None),
        ([f"2 1 2 {ISSUER_KEY}"], None),
        (["3 1 1 " + "00" * 32], Problem.TLSA_OTHER),
    ],
)
def test_one_that_fits_what_is_served_is_enough(records: list[object], problem: Problem | None) -> None:
    assert unlike(look({NAME: records})) == ([] if problem is None else [(*NAME, State.WRONG, problem)])


def test_the_next_certificate_has_to_be_announced_exactly() -> None:
    facts = msgspec.structs.replace(FACTS, associations=(*FACTS.associations, Association(25, association_of(NEXT))))
    assert unlike(look(None, facts)) == [(*NAME, State.MISSING, Problem.TLSA_NEXT_MISSING)]
    both: Changes = {NAME: [LEAF_TLSA, f"3 1 1 {association_of(NEXT).data.hex()}"]}
    assert unlike(look(both, facts)) == []


@pytest.mark.parametrize(
    ("changes", "state", "problem"),
    [
        ({CAA: ['0 issue "letsencrypt.org; validationmethods=dns-01"']}, State.RIGHT, None),
        ({CAA: [], ("example.org", "CAA"): ['0 issue "LetsEncrypt.org"']}, State.RIGHT, None),
        ({CAA: [], ("org", "CAA"): ['0 issue "other.example"']}, State.WRONG, Problem.CAA_FORBIDS),
        ({CAA: ['0 issue ";"']}, State.WRONG, Problem.CAA_FORBIDS),
        ({CAA: ['0 issue "other.example"', '0 issue "letsencrypt.org"']}, State.RIGHT, None),
        ({CAA: ['0 issuewild ";"']}, State.WARNING, Problem.CAA_OPEN),
    ],
)
def test_the_nearest_authorization_counts(changes: Changes, state: State, problem: Problem | None) -> None:
    [caa] = [each for each in look(changes) if each.wanted.rdtype == "CAA"]
    assert (caa.seen.state, caa.seen.problem) == (state, problem)


def test_each_kind_of_certificate_has_a_record() -> None:
    """RFC 7671 5.1: a server with RSA and ECDSA shows what the client likes."""
    facts = msgspec.structs.replace(
        FACTS,
        served=(SERVED, Served(25, (NEXT,))),
        associations=(Association(25, association_of(LEAF)), Association(25, association_of(NEXT))),
    )
    assert unlike(look(None, facts)) == [(*NAME, State.WRONG, Problem.TLSA_OTHER)]
    both: Changes = {NAME: [LEAF_TLSA, f"3 1 1 {association_of(NEXT).data.hex()}"]}
    assert unlike(look(both, facts)) == []


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([LEAF_TLSA], Problem.TLSA_SCHEME),
        ([LEAF_TLSA, LEAF_TLSA], Problem.TLSA_SCHEME),
        ([LEAF_TLSA, "3 0 1 " + "00" * 32], Problem.TLSA_SCHEME),
        ([LEAF_TLSA, "3 1 1 " + "00" * 32], None),
        ([LEAF_TLSA, "2 1 1 " + "00" * 32], None),
        ([], Problem.ABSENT),
    ],
)
def test_two_keys_are_advised(records: list[object], problem: Problem | None) -> None:
    (one,) = looks(FACTS)
    found = run(judge(one, FACTS), zone_of({NAME: records}))
    assert (found.seen.problem, found.is_fault) == (problem, False)
