import datetime as dt
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from skrytka.mail.identity.certificates import ClientCertificates
from skrytka.model.address import Address
from skrytka.store.commands import AddClientCertificate
from tests.support.certificates import client_certificate
from tests.unit.mail.world import World

ALICE, BOB = Address.parse("alice@example.test"), Address.parse("bob@example.test")


@pytest.mark.parametrize(
    ("names", "authorization", "owner"),
    [
        (("Alice@example.test",), None, "Alice@example.test"),
        (("alice@example.test",), ALICE, "alice@example.test"),
        (("alice@example.test",), BOB, None),
        (("alice@example.test", "bob@example.test"), None, None),
        (("alice@example.test", "bob@example.test"), BOB, "bob@example.test"),
        ((), None, None),
        (("no-address",), None, None),
    ],
)
async def test_a_certificate_says_whose_it_is_or_nobodys(
    world: World, names: tuple[str, ...], authorization: Address | None, owner: str | None
) -> None:
    found = await ClientCertificates(world.store).owner(client_certificate(*names), authorization)
    assert (str(found.address) if found is not None else None) == owner
    if found is not None:
        assert found.fingerprint == b""
        assert found.expires_at_ms > world.clock.now_ms()


async def test_the_directory_says_more_than_the_certificate(world: World) -> None:
    certificates = ClientCertificates(world.store)
    der = client_certificate("bob@example.test")
    fingerprint = hashlib.sha256(der).digest()
    account = await world.account("alice")
    await world.store.submit(
        AddClientCertificate(unit=b"u" * 16, account=account, fingerprint=fingerprint)  # type: ignore[arg-type]
    )
    found = await certificates.owner(der, None)
    assert found is not None
    assert (found.address, found.fingerprint) == (ALICE, fingerprint)
    assert await certificates.owner(der, BOB) is None
    assert await certificates.is_still(fingerprint, ALICE)
    assert not await certificates.is_still(fingerprint, BOB)
    assert not await certificates.is_still(b"x" * 32, ALICE)
    assert await certificates.is_still(b"", ALICE)


async def test_octets_that_are_no_certificate_are_nobodys(world: World) -> None:
    assert await ClientCertificates(world.store).owner(b"no certificate", None) is None


async def test_names_that_nobody_can_read_are_nobodys(world: World) -> None:
    """An x400Address (RFC 5280 4.2.1.6) is something that the library does not know."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    names = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30\x02\xa3\x00")
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + dt.timedelta(days=9000))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    assert await ClientCertificates(world.store).owner(made.public_bytes(serialization.Encoding.DER), None) is None
