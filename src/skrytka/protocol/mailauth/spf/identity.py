"""Which identity of a session SPF is asked about (RFC 7208 2.3, 2.4)."""

from skrytka.model.address import Domain, ReversePath
from skrytka.protocol.mailauth.spf.result import Identity

POSTMASTER = "postmaster"  # RFC 7208 2.4, 4.3: the local part where there is none


def identity_of(helo: Domain, reverse_path: ReversePath) -> Identity:
    """MAIL FROM; of a null reverse path, postmaster at the HELO name."""
    if reverse_path.address is None:
        return Identity("helo", POSTMASTER, helo.name)
    return Identity("mfrom", reverse_path.address.local or POSTMASTER, reverse_path.address.domain.name)
