"""What this node serves, and under which certificates."""

from typing import Annotated, Literal

import msgspec

from skrytka.model.settings.section import NotNegative, Port, Section


class Listener(Section, frozen=True, kw_only=True):
    """One service on one or more addresses."""

    port: Port
    addresses: tuple[str, ...] = ("0.0.0.0", "::")  # noqa: S104 - a mail server answers the world
    is_enabled: bool = True


class LoginListener(Listener, frozen=True, kw_only=True):
    """One where mail programs log in."""

    client_authority: str | None = None  # PEM, relative to the data folder: whose certificates may log in (EXTERNAL)


class Listeners(Section, frozen=True, kw_only=True):
    """The services of this node."""

    smtp: Listener = Listener(port=25)
    imaps: LoginListener = LoginListener(port=993)
    imap: LoginListener = LoginListener(port=143)
    # Off unless named: a file of an earlier release opens no new port. `init` and `demo` name them.
    submission: LoginListener = LoginListener(port=587, is_enabled=False)
    submissions: LoginListener = LoginListener(port=465, is_enabled=False)
    http: Listener = Listener(port=80, is_enabled=False)
    https: Listener = Listener(port=443, is_enabled=False)
    api: Listener = Listener(port=8443, addresses=("127.0.0.1",), is_enabled=False)
    web: Listener = Listener(port=8442, is_enabled=False)


class Certificate(Section, frozen=True, kw_only=True):
    """PEM files, relative to the data folder; the first one is the default for names that none covers."""

    certificate: str
    key: str


LegacySuite = Literal[
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-SHA256",
    "AES128-SHA256",
    "AES256-SHA",
    "AES128-SHA",
]


class LegacyTls(Section, frozen=True, kw_only=True):
    """An exception of one listener, for something old that somebody answers for, until a day."""

    listener: Literal["smtp", "imaps", "imap", "submission", "submissions"]
    owner: Annotated[str, msgspec.Meta(max_length=200)]
    until: str  # "2027-03-01": the last day (UTC)
    version: Literal["TLSv1", "TLSv1.1", "TLSv1.2"] = "TLSv1.2"  # the oldest one
    suites: tuple[LegacySuite, ...] = ()  # besides ours; empty with an older version: those with forward secrecy


class Tls(Section, frozen=True, kw_only=True):
    """TLS of all listeners: 1.2 and 1.3 with forward secrecy (RFC 9325 3.1.1)."""

    certificates: tuple[Certificate, ...] = ()
    legacy: tuple[LegacyTls, ...] = ()


class AcmeAuthority(Section, frozen=True, kw_only=True):
    """Who gives certificates (RFC 8555)."""

    directory: str  # URL
    ca_file: str | None = None  # PEM, relative to the data folder: instead of the authorities of this machine
    eab_kid: str | None = None  # external account binding: what the authority calls its customer
    eab_key_file: str | None = None  # its key in base64url, relative to the data folder; the first line


class AcmeCertificate(Section, frozen=True, kw_only=True):
    """One certificate that is ordered and renewed."""

    names: tuple[str, ...]
    is_rsa_added: bool = False  # a second one for clients that know no ECDSA


class Acme(Section, frozen=True, kw_only=True):
    """Certificates that come by themselves; nothing is ordered without ``authorities``."""

    authorities: tuple[AcmeAuthority, ...] = ()  # asked in this order until one gives
    is_terms_agreed: bool = False
    contacts: tuple[str, ...] = ()  # "mailto:..."
    challenges: tuple[Literal["http-01", "tls-alpn-01", "dns-01"], ...] = ("tls-alpn-01", "http-01")  # the liked first
    dns_wait_s: NotNegative = 10  # dns-01: until all servers of a zone have what its primary has
    certificates: tuple[AcmeCertificate, ...] = ()  # empty: one for this server's host name


class MtaSts(Section, frozen=True, kw_only=True):
    """The policy that senders to hosted domains find on port 443 (RFC 8461)."""

    mode: Literal["off", "none", "testing", "enforce"] = "off"  # off: there is no policy; none: there is none any more
    mx: tuple[str, ...] = ()  # empty: this server's host name
    max_age_s: Annotated[int, msgspec.Meta(ge=86_400, le=31_557_600)] = 604_800  # RFC 8461 3.2


class SecurityTxt(Section, frozen=True, kw_only=True):
    """Whom to tell of a hole (RFC 9116); without ``contacts`` there is no such file."""

    contacts: tuple[str, ...] = ()  # "mailto:...", "https://..." or "tel:...", the preferred one first
    expires_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 180  # from the day on which somebody looks
    policy: str | None = None
    encryption: str | None = None
    languages: tuple[str, ...] = ()


class Api(Section, frozen=True, kw_only=True):
    """The administrators' API."""

    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")  # who else connects is cut off before TLS
    is_client_certificate_needed: bool = False  # of our own authority: `skrytka cert invite`
    is_certificate_bound: bool = True  # a machine of somebody's lets nobody else in
    certificate_hours: Annotated[int, msgspec.Meta(ge=1, le=2160)] = 168  # then it ends; renewed when half is over
