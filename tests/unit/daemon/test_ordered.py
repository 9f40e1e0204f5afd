from pathlib import Path

from skrytka.daemon.layout import Layout
from skrytka.daemon.ordered import certificate_folder, ordered_files, wanted_certificates
from skrytka.model.settings import Acme, AcmeAuthority, AcmeCertificate
from skrytka.net.acme.files import Wanted
from tests.unit.net.acme.test_files import chain

CA = (AcmeAuthority(directory="https://ca.test/dir"),)
HOST = "mail.example.test"


def test_without_an_authority_nothing_is_ordered() -> None:
    assert wanted_certificates(Acme(certificates=(AcmeCertificate(names=("a.test",)),)), HOST, ["mta-sts.a.test"]) == ()


def test_by_default_the_server_has_one_and_each_policy_host() -> None:
    found = wanted_certificates(Acme(authorities=CA), "Mail.example.test", ["mta-sts.a.test", "mta-sts.b.test"])
    assert found == (
        Wanted((HOST,), "ecdsa"),
        Wanted(("mta-sts.a.test",), "ecdsa"),
        Wanted(("mta-sts.b.test",), "ecdsa"),
    )


def test_those_of_the_settings_come_in_their_order_with_rsa_where_it_is_asked_for() -> None:
    named = (
        AcmeCertificate(names=("A.test", "*.a.test", "żółw.test"), is_rsa_added=True),
        AcmeCertificate(names=("mta-sts.a.test",)),
    )
    names = ("a.test", "*.a.test", "xn--w-uga1v8h.test")
    assert wanted_certificates(Acme(authorities=CA, certificates=named), HOST, ["mta-sts.a.test"]) == (
        Wanted(names, "ecdsa"),
        Wanted(names, "rsa"),
        Wanted(("mta-sts.a.test",), "ecdsa"),
    )


def test_what_has_come_is_served_and_what_is_damaged_is_not(tmp_path: Path) -> None:
    layout, acme = Layout(tmp_path), Acme(authorities=CA)
    assert ordered_files(layout, acme, HOST) == ()
    (tmp_path / "ring").mkdir()
    folder = certificate_folder(layout)
    for name in (HOST, "mta-sts.a.test", "mta-sts.b.test"):
        key = folder.next_key(Wanted((name,), "ecdsa"))
        folder.keep(Wanted((name,), "ecdsa"), key, chain(key, (name,)))
    (layout.certificates / "mta-sts.b.test.ecdsa.pem").write_text("rubbish")
    found = [files.certificate.name for files in ordered_files(layout, acme, HOST)]
    assert found == [f"{HOST}.ecdsa.pem", "mta-sts.a.test.ecdsa.pem"]
    assert ordered_files(layout, Acme(), HOST) == ()
