import pytest

from skrytka.daemon.config_check_web import check_web
from skrytka.model.settings import (
    Acme,
    AcmeAuthority,
    AcmeCertificate,
    Dns,
    MtaSts,
    PublishZone,
    SecurityTxt,
    Settings,
)


def faults(**sections: object) -> list[tuple[object, ...]]:
    settings = Settings(version=1, hostname="mail.example.test", **sections)  # type: ignore[arg-type]
    return [path for path, _said in check_web(settings)]


@pytest.mark.parametrize(
    "mx", ["*", "mail", "192.0.2.1:25", "a b.test", "mail.example.test\n", "żółw.test", "a.*.test"]
)
def test_a_policy_names_hosts_or_wildcards_only(mx: str) -> None:
    assert faults(mta_sts=MtaSts(mx=("mail.example.test", "*.example.test", mx))) == [("mta_sts", "mx", 2)]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (SecurityTxt(contacts=("security@example.test",)), "contacts"),
        (SecurityTxt(contacts=("http://example.test",)), "contacts"),
        (SecurityTxt(contacts=("mailto:a@b.test\r\nExpires: never",)), "contacts"),
        (SecurityTxt(policy="http://example.test"), "policy"),
        (SecurityTxt(encryption="-----BEGIN PGP"), "encryption"),
        (SecurityTxt(languages=("pl, en",)), "languages"),
    ],
)
def test_each_field_of_security_txt_has_its_form(wanted: SecurityTxt, name: str) -> None:
    assert faults(security_txt=wanted) == [("security_txt", name)]


def test_right_ones_are_right() -> None:
    wanted = SecurityTxt(contacts=("mailto:a@b.test", "tel:+1"), policy="https://a.test/", languages=("pl", "en-GB"))
    assert faults(security_txt=wanted, mta_sts=MtaSts(mx=("xn--w-uga1v8h.test",))) == []


CA = (AcmeAuthority(directory="https://ca.test/dir"),)
ZONE = Dns(publish=(PublishZone(zone="example.test", server="127.0.0.1", key_file="k"),))


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        (Acme(authorities=CA), ("acme", "is_terms_agreed")),
        (
            Acme(authorities=(AcmeAuthority(directory="http://ca.test"),), is_terms_agreed=True),
            ("acme", "authorities", 0, "directory"),
        ),
        (
            Acme(authorities=(AcmeAuthority(directory="https://ca.test", eab_kid="k"),), is_terms_agreed=True),
            ("acme", "authorities", 0, "eab_kid"),
        ),
        (Acme(contacts=("admin@example.test",)), ("acme", "contacts")),
        (Acme(challenges=()), ("acme", "challenges")),
        (Acme(challenges=("dns-01",)), ("acme", "challenges")),
        (Acme(certificates=(AcmeCertificate(names=()),)), ("acme", "certificates", 0, "names")),
        (Acme(certificates=(AcmeCertificate(names=("mail",)),)), ("acme", "certificates", 0, "names")),
        (Acme(certificates=(AcmeCertificate(names=("*.a.test",)),)), ("acme", "certificates", 0, "names")),
        (
            Acme(certificates=(AcmeCertificate(names=("a.test",)), AcmeCertificate(names=("A.test", "b.test")))),
            ("acme", "certificates", 1, "names"),
        ),
    ],
)
def test_what_is_ordered_is_checked_before_anybody_is_asked(wanted: Acme, path: tuple[object, ...]) -> None:
    assert faults(acme=wanted) == [path]


def test_wildcards_are_right_where_dns_proves_them() -> None:
    named = (AcmeCertificate(names=("*.a.test", "a.test")),)
    assert (
        faults(acme=Acme(authorities=CA, is_terms_agreed=True, challenges=("dns-01",), certificates=named), dns=ZONE)
        == []
    )
