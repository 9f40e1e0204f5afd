"""Which certificates are ordered from authorities, and where those that came are."""

from collections.abc import Iterable, Iterator

from skrytka.daemon.files import write_private
from skrytka.daemon.layout import Layout
from skrytka.model.address import Domain
from skrytka.model.settings import Acme, AcmeCertificate
from skrytka.net.acme.files import CertificateFolder, Wanted
from skrytka.net.tls import CertificateFiles
from skrytka.protocol.tlspolicy.published import HOST_PREFIX


def certificate_folder(layout: Layout) -> CertificateFolder:
    """``ring/tls``: the server writes there, with systemd too, and it is kept apart from mail."""
    return CertificateFolder(layout.certificates, write_private)


def wanted_certificates(acme: Acme, hostname: str, policy_hosts: Iterable[str] = ()) -> tuple[Wanted, ...]:
    """Those of the settings, this server's own first; each policy host has one of its own."""
    if not acme.authorities:
        return ()
    named = acme.certificates or (AcmeCertificate(names=(hostname,)),)
    return tuple(
        dict.fromkeys(
            (
                *(wanted for one in named for wanted in _of(one)),
                *(Wanted((host,), "ecdsa") for host in policy_hosts),
            )
        )
    )


def _of(one: AcmeCertificate) -> Iterator[Wanted]:
    names = tuple("*." * name.startswith("*.") + Domain.parse(name.removeprefix("*.")).name for name in one.names)
    yield Wanted(names, "ecdsa")
    if one.is_rsa_added:
        yield Wanted(names, "rsa")


def ordered_files(layout: Layout, acme: Acme, hostname: str) -> tuple[CertificateFiles, ...]:
    """Of those that are there and can be used; a damaged one is ordered anew, and keeps nobody from starting."""
    if not acme.authorities or not layout.certificates.is_dir():
        return ()
    hosts = sorted(
        path.name.removesuffix(".ecdsa.pem") for path in layout.certificates.glob(f"{HOST_PREFIX}*.ecdsa.pem")
    )
    folder = certificate_folder(layout)
    found = (folder.usable(wanted) for wanted in wanted_certificates(acme, hostname, hosts))
    return tuple(files for files in found if files is not None)
