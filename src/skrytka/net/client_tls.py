"""TLS as a client: with other servers whatever certificate they have, with named ones only a proven one.

Opportunistic TLS takes any certificate: the alternative is clear text (RFC 7435 1.2), and who could put a wrong one
there could as well take STARTTLS out.
"""

import ssl

SECURITY_LEVEL = 1  # old servers have keys of 1024 bit; that is better than clear text
MINIMUM = ssl.TLSVersion.TLSv1_2  # RFC 8996


class ClientTls:
    """The two contexts of a process."""

    def __init__(self, ca_file: str | None = None) -> None:
        self._verified = ssl.create_default_context(cafile=ca_file)
        self._verified.minimum_version = MINIMUM
        self._opportunistic = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._opportunistic.minimum_version = MINIMUM
        self._opportunistic.check_hostname = False
        self._opportunistic.verify_mode = ssl.CERT_NONE
        self._opportunistic.set_ciphers(f"DEFAULT:@SECLEVEL={SECURITY_LEVEL}")

    def context(self, *, is_verified: bool) -> ssl.SSLContext:
        """Proven against the authorities of this machine and the name; or any."""
        return self._verified if is_verified else self._opportunistic
