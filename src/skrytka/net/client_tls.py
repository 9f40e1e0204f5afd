"""TLS as a client: with other servers whatever certificate they have, with named ones only a proven one.

Opportunistic TLS takes any certificate: the alternative is clear text (RFC 7435 1.2), and who could put a wrong one
there could as well take STARTTLS out.
"""

import ssl
from pathlib import Path

from skrytka.model.errors import Reason, TransientError

SECURITY_LEVEL = 1  # old servers have keys of 1024 bit; that is better than clear text
MINIMUM = ssl.TLSVersion.TLSv1_2  # RFC 8996


class ClientTls:
    """The contexts of a process; ``folder`` is where relative names of files begin."""

    def __init__(self, folder: Path = Path(), shown: Path | None = None) -> None:
        """``shown``: a certificate of ours, with its key, for whoever is proven himself and asks for one."""
        self._folder = folder
        self._shown = shown
        self._verified: dict[tuple[str | None, bool], ssl.SSLContext] = {}
        self._opportunistic = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._opportunistic.minimum_version = MINIMUM
        self._opportunistic.check_hostname = False
        self._opportunistic.verify_mode = ssl.CERT_NONE
        self._opportunistic.set_ciphers(f"DEFAULT:@SECLEVEL={SECURITY_LEVEL}")

    def context(
        self, *, is_verified: bool, ca_file: str | None = None, is_common_name_taken: bool = True
    ) -> ssl.SSLContext:
        """Any certificate; or one proven by the authorities of this machine, or of a file, and by the name.

        ``is_common_name_taken``: for a name, where the certificate has no DNS names (RFC 9525 2 has done with that).
        A file is read once. TransientError(BAD_CONFIG) when it cannot be.
        """
        if not is_verified:
            return self._opportunistic
        key = ca_file, is_common_name_taken
        if key not in self._verified:
            try:
                context = ssl.create_default_context(cafile=self._folder / ca_file if ca_file else None)
                if self._shown is not None:
                    context.load_cert_chain(self._shown)
            except OSError as exc:  # ssl.SSLError is one
                raise TransientError(Reason.BAD_CONFIG, f"{ca_file or self._shown}: {exc.strerror or exc}") from exc
            context.minimum_version = MINIMUM
            context.hostname_checks_common_name = is_common_name_taken
            self._verified[key] = context
        return self._verified[key]
