import pytest

from skrytka.model.address import NULL_REVERSE_PATH, Address, Domain, ReversePath
from skrytka.protocol.mailauth.spf.identity import identity_of
from skrytka.protocol.mailauth.spf.result import Identity

HELO = Domain.parse("mail.example.net")


@pytest.mark.parametrize(
    ("reverse_path", "expected"),
    [
        (ReversePath(Address.parse("a.B@Example.ORG")), Identity("mfrom", "a.B", "example.org")),
        (ReversePath(Address.parse("a@żółw.example")), Identity("mfrom", "a", "xn--w-uga1v8h.example")),
        (ReversePath(Address.parse('""@example.org')), Identity("mfrom", "postmaster", "example.org")),
        (ReversePath(Address.parse("a@[192.0.2.1]")), Identity("mfrom", "a", "[192.0.2.1]")),
        (NULL_REVERSE_PATH, Identity("helo", "postmaster", "mail.example.net")),
    ],
)
def test_mail_from_is_checked_and_helo_where_there_is_none(reverse_path: ReversePath, expected: Identity) -> None:
    assert identity_of(HELO, reverse_path) == expected
