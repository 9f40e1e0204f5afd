import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from skrytka.daemon.config import load
from skrytka.daemon.domain_dns import dns_deps, issuers, next_associations, policy_id, served
from skrytka.daemon.layout import Layout
from skrytka.daemon.ordered import certificate_folder
from skrytka.daemon.public import published_policy
from skrytka.model.dns import Tlsa
from skrytka.model.errors import Reason, TransientError
from skrytka.model.settings import (
    Acme,
    AcmeAuthority,
    AcmeCertificate,
    Dns,
    Listener,
    Listeners,
    MtaSts,
    Outbound,
    Settings,
)
from skrytka.net.acme.files import Progress, Wanted, digest
from skrytka.net.connection import Connection
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Url
from skrytka.protocol.published.trust import association_of
from skrytka.protocol.published.wanted import Association
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.unit.net.acme.test_files import chain


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    installations.make(tmp_path / "s")
    return Layout(tmp_path / "s")


def settings_of(**changes: object) -> Settings:
    return msgspec.structs.replace(Settings(version=1, hostname="mail.example.test"), **changes)


@pytest.mark.parametrize(
    ("changes", "addresses", "senders"),
    [
        ({}, (), ()),
        ({"dns": Dns(addresses=("192.0.2.25", "2001:0db8::25"))}, ("192.0.2.25", "2001:db8::25"), None),
        ({"listeners": Listeners(smtp=Listener(port=25, addresses=("9.9.9.9", "10.0.0.1")))}, ("9.9.9.9",), ()),
        ({"outbound": Outbound(source_addresses=("9.9.9.10", "10.0.0.2"))}, (), ("9.9.9.10",)),
    ],
)
def test_addresses_are_named_or_public(
    layout: Layout, changes: dict[str, object], addresses: tuple[str, ...], senders: tuple[str, ...] | None
) -> None:
    deps = dns_deps(settings_of(**changes), layout, SystemClock(), SystemRandom())
    assert deps.addresses == addresses
    assert deps.senders == (addresses if senders is None else senders)
    assert deps.ports == {"smtp": 25, "imaps": 993, "imap": 143}


def test_the_certificate_of_the_files_is_what_the_ports_show(layout: Layout) -> None:
    settings = load(layout.config).settings
    listeners = {"smtp": Listener(port=2525), "imaps": Listener(port=993), "imap": Listener(port=143)}
    found = served(settings, layout, listeners)
    assert [each.port for each in found] == [25, 993]
    leaf = x509.load_pem_x509_certificates((layout.root / settings.tls.certificates[0].certificate).read_bytes())[0]
    key = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert found[0].chain[0] == leaf.public_bytes(Encoding.DER)
    assert association_of(found[0].chain[0]).data == hashlib.sha256(key).digest()


def test_a_file_that_is_no_certificate_is_left_out(layout: Layout) -> None:
    settings = load(layout.config).settings
    (layout.root / settings.tls.certificates[0].certificate).write_text("nonsense")
    assert served(settings, layout, {"smtp": Listener(port=25)}) == ()


def test_each_look_reads_the_zone_file_anew(layout: Layout) -> None:
    (layout.root / "z.yml").write_text("a.test: [{A: 192.0.2.1}]")
    deps = dns_deps(settings_of(dns=Dns(zone_file="z.yml")), layout, SystemClock(), SystemRandom())
    first, second = deps.resolver(), deps.resolver()
    assert isinstance(first, StaticZone)
    assert first is not second


def test_the_policy_that_is_served_is_announced(layout: Layout) -> None:
    wanted = MtaSts(mode="enforce")
    serving = settings_of(listeners=Listeners(https=Listener(port=443, is_enabled=True)), mta_sts=wanted)
    policy = published_policy(serving)
    assert policy is not None
    assert policy_id(serving) == policy.id
    assert policy_id(settings_of(mta_sts=wanted)) == ""


HOST = "mail.example.test"
CA = (AcmeAuthority(directory="https://ca.test/dir"),)


def order(layout: Layout, *orders: Wanted) -> dict[Wanted, bytes]:
    """As if they had come; the digests of their keys."""
    folder, digests = certificate_folder(layout), {}
    for wanted in orders:
        key = folder.next_key(wanted)
        folder.keep(wanted, key, chain(key, wanted.names))
        digests[wanted] = digest(key)
    return digests


def test_what_was_ordered_is_shown_in_place_of_what_the_settings_name(layout: Layout) -> None:
    named = (AcmeCertificate(names=(HOST,), is_rsa_added=True), AcmeCertificate(names=("other.test",)))
    settings = msgspec.structs.replace(load(layout.config).settings, acme=Acme(authorities=CA, certificates=named))
    ours = [Wanted((HOST,), "ecdsa"), Wanted((HOST,), "rsa")]
    digests = order(layout, Wanted(("other.test",), "ecdsa"), *ours)
    found = served(settings, layout, {"smtp": Listener(port=25)})
    assert {association_of(one.chain[0]).data for one in found} == {digests[one] for one in ours}


def test_the_next_keys_are_named_once_they_are_made(layout: Layout) -> None:
    settings, listeners = settings_of(acme=Acme(authorities=CA)), {"smtp": Listener(port=25)}
    assert next_associations(settings, layout, listeners) == ()
    key = certificate_folder(layout).next_key(Wanted((HOST,), "ecdsa"))
    assert next_associations(settings, layout, listeners) == (Association(25, Tlsa(3, 1, 1, digest(key))),)
    assert next_associations(settings_of(), layout, listeners) == ()


def test_authorities_that_gave_certificates_are_named_in_caa(layout: Layout) -> None:
    certificate_folder(layout).keep_states(
        {"a.ecdsa": Progress(issuers=("ca.test", "b.test")), "b.ecdsa": Progress(issuers=("ca.test",))}
    )
    assert issuers(settings_of(acme=Acme(authorities=CA)), layout) == ("ca.test", "b.test")
    assert issuers(settings_of(), layout) == ()


@pytest.mark.parametrize(
    ("address", "changes", "is_asked"),
    [
        ("10.0.0.9", {}, False),
        ("127.0.0.1", {}, False),
        ("10.0.0.9", {"server_networks": ("10.0.0.0/24",)}, True),
        ("127.0.0.1", {"addresses": ("127.0.0.1",)}, True),
    ],
)
async def test_the_policy_is_fetched_from_nowhere_behind_us(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, address: str, changes: dict[str, Any], is_asked: bool
) -> None:
    dialled: list[str] = []

    async def connect(_self: Dialer, address: str, port: int, *, seconds: float) -> Connection:
        dialled.append(f"{address} {port}")
        raise TransientError(Reason.UNREACHABLE)

    monkeypatch.setattr(Dialer, "connect", connect)
    deps = dns_deps(settings_of(dns=Dns(**changes)), layout, SystemClock(), SystemRandom())
    assert deps.https is not None
    https = deps.https(StaticZone.parse(f"mta-sts.example.test: [{{A: {address}}}]"))
    with pytest.raises(TransientError):
        await https.ask(Url.parse("https://mta-sts.example.test/"), seconds=1, body_max=1)
    assert dialled == ([f"{address} 443"] if is_asked else [])


def test_what_others_see_is_asked_for_by_the_settings(layout: Layout, tmp_path: Path) -> None:
    deps = dns_deps(settings_of(), layout, SystemClock(), SystemRandom())
    assert (deps.port, deps.block_lists, deps.domain_block_lists, deps.is_block_list_tested) == (53, (), (), False)
    assert deps.https is not None
    named = Dns(zone_file="z.yml", block_lists=("ZEN.example.",), domain_block_lists=("dbl.example",))
    deps = dns_deps(settings_of(dns=named, is_demo=True), layout, SystemClock(), SystemRandom())
    assert (deps.port, deps.https) == (None, None)
    assert (deps.block_lists, deps.domain_block_lists) == (("zen.example",), ("dbl.example",))
