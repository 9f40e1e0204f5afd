"""Events about the server's certificates."""

from skrytka.model.events.system import SystemEvent


class CertificateIssued(SystemEvent, frozen=True, kw_only=True):
    """An authority gave a certificate, which is served from now on."""

    names: tuple[str, ...]
    key: str  # "ecdsa", "rsa"
    authority: str  # its host
    expires_at_ms: int
    is_new_key: bool
    detail: str = ""  # why the key is the old one


class CertificateFailed(SystemEvent, frozen=True, kw_only=True):
    """No certificate was to be had from any authority; the one that is there stays."""

    names: tuple[str, ...]
    key: str
    detail: str  # what each authority said
    next_try_ms: int


class CertificateExpiring(SystemEvent, frozen=True, kw_only=True):
    """A certificate that is served expires in 14 days, in 7, or has expired."""

    names: tuple[str, ...]
    days: int  # 0: it has
    expires_at_ms: int
