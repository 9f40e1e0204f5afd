"""Who From names, and what is wrong with it: one domain or a reason."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mailauth.author import DOMAINS_MAX, U_LABELS_MAX, Author, Problem, author_of


@pytest.mark.parametrize(
    ("fields", "domains", "problem"),
    [
        ([[b"example.org"]], ("example.org",), None),
        ([[b"Example.ORG."]], ("example.org",), None),
        ([["żółw.example".encode()]], ("xn--w-uga1v8h.example",), None),
        ([[b"example.org", b"EXAMPLE.org", b"example.org."]], ("example.org",), None),
        ([], (), Problem.NO_FROM),
        ([[]], (), Problem.NO_ADDRESS),
        ([[b"a.example"], [b"a.example"]], ("a.example",), Problem.SEVERAL_FROM),
        ([[b"a.example"], []], ("a.example",), Problem.SEVERAL_FROM),
        ([[b"a.example", b"b.example"]], ("a.example", "b.example"), Problem.SEVERAL_DOMAINS),
        ([None], (), Problem.TOO_MANY),
        ([[b"%d.example" % number for number in range(9)]], tuple(f"{n}.example" for n in range(4)), Problem.TOO_MANY),
        ([[b""]], (), Problem.BAD_DOMAIN),
        ([[b"[192.0.2.1]"]], (), Problem.BAD_DOMAIN),
        ([[b"exa mple.org"]], (), Problem.BAD_DOMAIN),
        ([[b"\xff.example"]], (), Problem.BAD_DOMAIN),
        ([["ż".encode() * U_LABELS_MAX + b".example"]], (), Problem.BAD_DOMAIN),
        ([[b"a.example", b'b"c']], ("a.example",), Problem.BAD_DOMAIN),
    ],
)
def test_from_has_one_domain_or_a_problem(
    fields: Sequence[Sequence[bytes] | None], domains: tuple[str, ...], problem: Problem | None
) -> None:
    found = author_of(fields)
    assert found == Author(domains, problem)
    assert found.domain == ("" if problem else domains[0])


@given(st.lists(st.none() | st.lists(st.binary(max_size=30), max_size=8), max_size=3))
def test_anything_gives_an_author(fields: list[list[bytes] | None]) -> None:
    found = author_of(fields)
    assert len(found.domains) <= DOMAINS_MAX
    assert (found.problem is None) == bool(found.domain)
