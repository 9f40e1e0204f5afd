"""The configuration file as types: ``skrytka.toml``, version 1. Each field is described in docs/settings.md."""

from typing import Annotated, Literal

import msgspec

from skrytka.model.limits import ConnectionLimits, ImapLimits, SmtpLimits

CONFIG_VERSION = 1
EMAIL_CLAIM = "email"  # of whose address a provider says whether it is verified (OpenID Connect Core 5.1)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file; an unknown key is an error."""


class Listener(_Section, frozen=True, kw_only=True):
    """One service on one or more addresses."""

    port: Port
    addresses: tuple[str, ...] = ("0.0.0.0", "::")  # noqa: S104 - a mail server answers the world
    is_enabled: bool = True


class LoginListener(Listener, frozen=True, kw_only=True):
    """One where mail programs log in."""

    client_authority: str | None = None  # PEM, relative to the data folder: whose certificates may log in (EXTERNAL)


class Listeners(_Section, frozen=True, kw_only=True):
    """The services of this node."""

    smtp: Listener = msgspec.field(default_factory=lambda: Listener(port=25))
    imaps: LoginListener = msgspec.field(default_factory=lambda: LoginListener(port=993))
    imap: LoginListener = msgspec.field(default_factory=lambda: LoginListener(port=143))
    # Off unless named: a file of an earlier release opens no new port. `init` and `demo` name them.
    submission: LoginListener = msgspec.field(default_factory=lambda: LoginListener(port=587, is_enabled=False))
    submissions: LoginListener = msgspec.field(default_factory=lambda: LoginListener(port=465, is_enabled=False))
    http: Listener = msgspec.field(default_factory=lambda: Listener(port=80, is_enabled=False))
    https: Listener = msgspec.field(default_factory=lambda: Listener(port=443, is_enabled=False))
    api: Listener = msgspec.field(
        default_factory=lambda: Listener(port=8443, addresses=("127.0.0.1",), is_enabled=False)
    )
    web: Listener = msgspec.field(default_factory=lambda: Listener(port=8442, is_enabled=False))


class Certificate(_Section, frozen=True, kw_only=True):
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


class LegacyTls(_Section, frozen=True, kw_only=True):
    """An exception of one listener, for something old that somebody answers for, until a day."""

    listener: Literal["smtp", "imaps", "imap", "submission", "submissions"]
    owner: Annotated[str, msgspec.Meta(max_length=200)]
    until: str  # "2027-03-01": the last day (UTC)
    version: Literal["TLSv1", "TLSv1.1", "TLSv1.2"] = "TLSv1.2"  # the oldest one
    suites: tuple[LegacySuite, ...] = ()  # besides ours; empty with an older version: those with forward secrecy


class Tls(_Section, frozen=True, kw_only=True):
    """TLS of all listeners: 1.2 and 1.3 with forward secrecy (RFC 9325 3.1.1)."""

    certificates: tuple[Certificate, ...] = ()
    legacy: tuple[LegacyTls, ...] = ()


class AcmeAuthority(_Section, frozen=True, kw_only=True):
    """Who gives certificates (RFC 8555)."""

    directory: str  # URL
    ca_file: str | None = None  # PEM, relative to the data folder: instead of the authorities of this machine
    eab_kid: str | None = None  # external account binding: what the authority calls its customer
    eab_key_file: str | None = None  # its key in base64url, relative to the data folder; the first line


class AcmeCertificate(_Section, frozen=True, kw_only=True):
    """One certificate that is ordered and renewed."""

    names: tuple[str, ...]
    is_rsa_added: bool = False  # a second one for clients that know no ECDSA


class Acme(_Section, frozen=True, kw_only=True):
    """Certificates that come by themselves; nothing is ordered without ``authorities``."""

    authorities: tuple[AcmeAuthority, ...] = ()  # asked in this order until one gives
    is_terms_agreed: bool = False
    contacts: tuple[str, ...] = ()  # "mailto:..."
    challenges: tuple[Literal["http-01", "tls-alpn-01", "dns-01"], ...] = ("tls-alpn-01", "http-01")  # the liked first
    dns_wait_s: NotNegative = 10  # dns-01: until all servers of a zone have what its primary has
    certificates: tuple[AcmeCertificate, ...] = ()  # empty: one for this server's host name


class MtaSts(_Section, frozen=True, kw_only=True):
    """The policy that senders to hosted domains find on port 443 (RFC 8461)."""

    mode: Literal["off", "none", "testing", "enforce"] = "off"  # off: there is no policy; none: there is none any more
    mx: tuple[str, ...] = ()  # empty: this server's host name
    max_age_s: Annotated[int, msgspec.Meta(ge=86_400, le=31_557_600)] = 604_800  # RFC 8461 3.2


class SecurityTxt(_Section, frozen=True, kw_only=True):
    """Whom to tell of a hole (RFC 9116); without ``contacts`` there is no such file."""

    contacts: tuple[str, ...] = ()  # "mailto:...", "https://..." or "tel:...", the preferred one first
    expires_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 180  # from the day on which somebody looks
    policy: str | None = None
    encryption: str | None = None
    languages: tuple[str, ...] = ()


class PublishZone(_Section, frozen=True, kw_only=True):
    """A zone whose records may be changed by dynamic update (RFC 2136)."""

    zone: str
    server: str  # its primary: "address" or "address:port"
    key_file: str  # relative to the data folder: a TSIG key, as tsig-keygen or keymgr write it


class Dns(_Section, frozen=True, kw_only=True):
    """Where names are looked up: a static zone file (demo, tests) or resolvers, best validating ones on loopback."""

    zone_file: str | None = None
    resolvers: tuple[str, ...] = ()  # "address" or "address:port"; empty: those of /etc/resolv.conf
    timeout_s: float = 3.0
    is_watched: bool = True  # what hosted domains publish is looked at once a day
    addresses: tuple[str, ...] = ()  # as the world sees this server; empty: those of listeners, else what DNS has
    publish: tuple[PublishZone, ...] = ()
    server_networks: tuple[str, ...] = ()  # beside public addresses: where name servers of domains are asked
    block_lists: tuple[str, ...] = ()  # of addresses, such as "zen.spamhaus.org": whether we are on one (RFC 5782)
    domain_block_lists: tuple[str, ...] = ()
    is_block_list_tested: bool = False  # whether a list is alive: its test entries are asked for too


class Store(_Section, frozen=True, kw_only=True):
    """Mailbox store of this node."""

    wal_checkpoint_bytes: PositiveInt = 64 * 1024 * 1024
    vault_days: NotNegative = 14
    journal_days: PositiveInt = 35


class Accounts(_Section, frozen=True, kw_only=True):
    """Defaults of mailboxes."""

    quota_bytes: NotNegative = 0  # 0: no limit
    subaddress_separator: Annotated[str, msgspec.Meta(max_length=1)] = "+"  # "" switches subaddresses off


class Login(_Section, frozen=True, kw_only=True):
    """How often a wrong password may be tried before the hash is even computed."""

    failures_per_account_network: PositiveInt = 10
    failures_per_address: PositiveInt = 30
    window_s: PositiveInt = 900
    # SCRAM is for app passwords: a program that chooses it by itself and has the main password fails
    is_scram_announced: bool = False
    is_scram_plus_announced: bool = False  # with tls-server-end-point alone (RFC 5929 4)


class Passwords(_Section, frozen=True, kw_only=True):
    """What a person's new password has to be (NIST SP 800-63B-4 3.1.1.2)."""

    min_length: Annotated[int, msgspec.Meta(ge=15, le=64)] = 15  # code points
    min_length_with_mfa: Annotated[int, msgspec.Meta(ge=8, le=64)] = 8  # where a second factor is demanded
    words: tuple[str, ...] = ()  # what this place is called: no password is made of these


class Approvals(_Section, frozen=True, kw_only=True):
    """What takes two people."""

    # So long an account counts as one person with who made it, gave it a role or helped with what opens it
    independent_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 30


class OAuth(_Section, frozen=True, kw_only=True):
    """Programs that people let into their mail."""

    access_token_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 3600
    refresh_token_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90  # without use
    grant_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 365  # in all; then somebody is asked again
    is_well_known_taken: bool = True  # Thunderbird, and any program of one's own on loopback


class Attacks(_Section, frozen=True, kw_only=True):
    """Attacks on logins over all accounts: what is seen as one, and for how long something is done about it."""

    is_watched: bool = True
    # One account: failures in a row until unknown networks (or the one known network they came from) are closed to it
    failures_per_account: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100  # NIST SP 800-63B-4 3.2.2
    closed_s: PositiveInt = 86_400
    delay_max_s: NotNegative = 8  # the wait before a try grows from 1/4 s with each failure of one account and network
    guess_networks: Annotated[int, msgspec.Meta(ge=1, le=32)] = 10  # that tried one account within guess_s
    guess_s: PositiveInt = 86_400
    # One address
    burst_failures: PositiveInt = 8
    burst_s: PositiveInt = 120
    slow_failures: PositiveInt = 10
    slow_s: PositiveInt = 302_400
    spray_names: Annotated[int, msgspec.Meta(ge=1, le=32)] = 5  # names within spray_s
    spray_s: PositiveInt = 120
    # One network: names tried once or twice each within network_s
    network_names: Annotated[int, msgspec.Meta(ge=1, le=32)] = 10
    network_s: PositiveInt = 1800
    # All together: names tried once or twice each, from so many networks, and hardly any was right
    stuffing_names: PositiveInt = 50
    stuffing_networks: PositiveInt = 20
    stuffing_percent: NotNegative = 2
    stuffing_s: PositiveInt = 1800
    refuse_s: PositiveInt = 600  # a source; each time twice as long
    refuse_max_s: PositiveInt = 86_400
    decoys: tuple[str, ...] = ()  # addresses that nobody uses: who tries one is refused
    decoy_s: PositiveInt = 86_400
    # Logins that were right and are odd
    odd_score: PositiveInt = 3  # from which the owner is told
    travel_km: PositiveInt = 1000
    travel_hours: PositiveInt = 3
    dormant_days: PositiveInt = 45
    places_days: PositiveInt = 180  # unseen for so long, a network, country or program is forgotten
    country_mmdb: str | None = None  # relative to the data folder; instead of country_files
    asn_mmdb: str | None = None  # relative to the data folder: whose network an address is in
    country_files: tuple[str, ...] = ("/usr/share/tor/geoip", "/usr/share/tor/geoip6")


class DirectoryRole(_Section, frozen=True, kw_only=True):
    """A group of the directory, and the role that its members have here."""

    group: str  # its DN
    role: Literal["system_admin", "domain_admin", "security_officer", "help_desk", "auditor"]
    domain: str | None = None  # None: everywhere


class OutsideDirectory(_Section, frozen=True, kw_only=True):
    """People and passwords of an LDAP server or Active Directory; without ``urls`` there is none."""

    urls: tuple[str, ...] = ()  # "ldaps://host" or "ldap://host", which is StartTLS; asked in this order
    domains: tuple[str, ...] = ()  # whose people come from there
    base: str = ""
    bind_dn: str | None = None  # who may search; None: everybody
    password_file: str | None = None  # relative to the data folder; the first line
    ca_file: str | None = None  # PEM, relative to the data folder: instead of the authorities of this machine
    filter: str = "(&(objectClass=person)(mail={address}))"  # who has an address
    sync_filter: str = "(&(objectClass=person)(mail=*))"  # everybody
    address_attribute: str = "mail"
    group_attribute: str = "memberOf"
    # Of groups that list their members and are not named by these: "member", "uniqueMember" (DNs), "memberUid" (names)
    member_attributes: tuple[str, ...] = ()
    name_attribute: str = "uid"  # what memberUid names somebody by
    roles: tuple[DirectoryRole, ...] = ()
    is_just_in_time: bool = True  # an account is made at the first login
    sync_every_s: NotNegative = 3600  # 0: by hand only
    gone_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 20  # more at once are no leavers
    remember_s: Annotated[int, msgspec.Meta(ge=0, le=300)] = 60  # a password that was right is not asked about again
    timeout_s: float = 5.0  # for each step
    entries_max: PositiveInt = 100_000


class Provider(_Section, frozen=True, kw_only=True):
    """An OpenID Connect provider of another house, by which people sign in on the web."""

    name: str  # a-z, 0-9, hyphens: stands in the redirect URI
    issuer: str
    client_id: str
    domains: tuple[str, ...]  # for whose addresses its word counts
    title: str = ""  # as people see it; "": the name
    client_secret_file: str | None = None  # relative to the data folder; the first line; None: a public client
    scopes: tuple[str, ...] = ("openid", "email")
    address_claim: str = EMAIL_CLAIM
    is_address_trusted: bool = False  # without "email_verified": its administrators alone say what an address is
    group_claim: str = "groups"
    roles: tuple[DirectoryRole, ...] = ()
    is_just_in_time: bool = True  # an account is made at the first sign-in
    mfa_amr: tuple[str, ...] = ()  # words of "amr" that stand for a second factor here; none: ours is asked for
    mfa_acr: tuple[str, ...] = ()  # of "acr", likewise
    max_age_s: NotNegative = 0  # how long ago he may have proven there who he is; 0: it does not matter
    networks: tuple[str, ...] = ()  # beside public addresses: where it may be
    ca_file: str | None = None  # PEM, relative to the data folder: instead of the authorities of this machine
    timeout_s: float = 10.0  # for each question to it


class PriorityRight(_Section, frozen=True, kw_only=True):
    """An account that may claim more than others."""

    address: str  # of the account
    max: Annotated[int, msgspec.Meta(ge=0, le=9)]


class Submission(_Section, frozen=True, kw_only=True):
    """Mail that people of this server send."""

    # Of one account; 0: no limit
    messages_per_hour: NotNegative = 500
    recipients_per_hour: NotNegative = 500
    recipients_per_day: NotNegative = 2000
    future_release_s: Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400)] = 30 * 86_400  # RFC 4865; 0: not offered
    future_release_messages: NotNegative = 100  # that wait, of one account; 0: no limit
    priority_max: Annotated[int, msgspec.Meta(ge=0, le=9)] = 4  # MT-PRIORITY for anybody: urgent (RFC 6710 B)
    priority_rights: tuple[PriorityRight, ...] = ()
    is_from_checked: bool = True  # the addresses of the From field must be the account's too


class Override(_Section, frozen=True, kw_only=True):
    """Mail of a known forwarder or list, which no policy stops: by its network, or by a domain that it proves."""

    network: str | None = None  # of the peer
    domain: str | None = None  # SPF passes for it, or a signature with this d= does
    reason: Literal["trusted_forwarder", "mailing_list", "local_policy", "other"] = "trusted_forwarder"  # RFC 9990
    note: str = ""


class SenderAuth(_Section, frozen=True, kw_only=True):
    """What SPF, DKIM and DMARC mean for mail from outside."""

    is_enforced: bool = True  # the policy of the domain in From is carried out
    on_temperror: Literal["deliver", "defer"] = "deliver"  # when DNS does not tell whether the policy applies
    is_spf_fail_refused: bool = False
    is_exempt_checked: bool = False  # mail from exempt_networks too
    arc_sealers: tuple[str, ...] = ()  # domains whose ARC seals are believed
    overrides: tuple[Override, ...] = ()


class Route(_Section, frozen=True, kw_only=True):
    """Where mail for a domain goes instead of to its MX; the most exact ``domain`` wins."""

    domain: str  # "example.net", ".example.net" for all below it, "*" for everything (a smarthost)
    host: str
    port: Port = 25
    tls: Literal["never", "opportunistic", "required", "implicit"] = "opportunistic"
    username: str | None = None
    password_file: str | None = None  # relative to the data folder; its first line
    ca_file: str | None = None  # likewise; PEM, instead of the authorities of this machine
    is_policy_asked: bool = False  # what TLSA of the host and MTA-STS of the domain ask for holds too


class TlsDemand(_Section, frozen=True, kw_only=True):
    """What TLS to the servers of a domain has to be, whatever its owner publishes; the most exact ``domain`` wins."""

    domain: str  # as that of a route
    level: Literal["may", "encrypt", "proven", "dane"]


class Outbound(_Section, frozen=True, kw_only=True):
    """The queue of mail for other servers."""

    is_paused: bool = False  # nothing is sent; what waits, waits
    is_8bit_recoded: bool = True  # own unsigned mail, for a server without 8BITMIME
    routes: tuple[Route, ...] = ()
    tls_demands: tuple[TlsDemand, ...] = ()
    ca_file: str | None = None  # relative to the data folder; PEM, instead of this machine's authorities, for MTA-STS
    source_addresses: tuple[str, ...] = ()  # of this machine, taken in turn; empty: what the system chooses
    connections: PositiveInt = 50
    connections_per_destination: PositiveInt = 20
    messages_per_connection: PositiveInt = 100
    retry_s: tuple[int, ...] = (300, 900, 1800, 3600, 7200, 14400)  # RFC 5321 4.5.4.1; the last one repeats
    delay_notice_s: NotNegative = 14_400  # 0: none
    expire_s: PositiveInt = 5 * 86_400  # RFC 5321 4.5.4.1: at least 4 to 5 days
    connect_s: float = 30.0
    reply_s: float = 300.0  # RFC 5321 4.5.3.2.1 to .3; twice that after the end of a message (.6)
    report_language: Literal["en", "pl"] = "en"


class Reports(_Section, frozen=True, kw_only=True):
    """What is told once a day to domains that ask for it."""

    is_dmarc_sent: bool = True  # what came in their name (RFC 9990)
    is_tls_sent: bool = True  # how TLS with their servers went (RFC 8460)
    is_failure_sent: bool = False  # single messages that were not proven (RFC 9991): they are other people's
    failures_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10  # of those, to one domain
    https_networks: tuple[str, ...] = ()  # not public ones, that reports may be posted to all the same
    sender: str | None = None  # an address of a domain here; None: postmaster of the domain that has our host name
    organization: str = ""  # who we are; empty: our host name


class Dkim(_Section, frozen=True, kw_only=True):
    """The keys that sign what leaves."""

    is_signing: bool = True
    is_arc_sealing: bool = False  # what aliases forward to other servers has a seal of theirs (RFC 8617)
    rotate_days: Annotated[int, msgspec.Meta(ge=30, le=183)] = 180  # a key signs no longer, if a successor is published
    wait_hours: NotNegative = 48  # from when DNS shows a successor to its use
    retire_days: Annotated[int, msgspec.Meta(ge=7)] = 14  # from then on until the old key is revoked


class Api(_Section, frozen=True, kw_only=True):
    """The administrators' API."""

    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")  # who else connects is cut off before TLS
    is_client_certificate_needed: bool = False  # of our own authority: `skrytka cert invite`
    is_certificate_bound: bool = True  # a machine of somebody's lets nobody else in
    certificate_hours: Annotated[int, msgspec.Meta(ge=1, le=2160)] = 168  # then it ends; renewed when half is over


class Events(_Section, frozen=True, kw_only=True):
    """The event log."""

    auth_days: NotNegative = 180  # 0 of these four: for ever
    admin_days: NotNegative = 1095
    mail_days: NotNegative = 90
    system_days: NotNegative = 90
    anchor_file: str | None = None  # signed checkpoints are appended here too, best on another machine's mount


class Settings(_Section, frozen=True, kw_only=True):
    """The whole file."""

    version: int
    hostname: str  # what greetings, Received and certificates call this server
    is_demo: bool = False  # loopback only; mail to the outside is held
    user: str | None = None  # the account that root becomes after binding ports
    fronts: NotNegative = 0  # 0: as many as cores, two at least
    exempt_networks: tuple[str, ...] = ()  # free of delay and reputation checks; content is still checked
    listeners: Listeners = msgspec.field(default_factory=Listeners)
    tls: Tls = msgspec.field(default_factory=Tls)
    acme: Acme = msgspec.field(default_factory=Acme)
    mta_sts: MtaSts = msgspec.field(default_factory=MtaSts)
    security_txt: SecurityTxt = msgspec.field(default_factory=SecurityTxt)
    dns: Dns = msgspec.field(default_factory=Dns)
    store: Store = msgspec.field(default_factory=Store)
    accounts: Accounts = msgspec.field(default_factory=Accounts)
    login: Login = msgspec.field(default_factory=Login)
    passwords: Passwords = msgspec.field(default_factory=Passwords)
    approvals: Approvals = msgspec.field(default_factory=Approvals)
    directory: OutsideDirectory = msgspec.field(default_factory=OutsideDirectory)
    providers: tuple[Provider, ...] = ()
    oauth: OAuth = msgspec.field(default_factory=OAuth)
    attacks: Attacks = msgspec.field(default_factory=Attacks)
    submission: Submission = msgspec.field(default_factory=Submission)
    sender_auth: SenderAuth = msgspec.field(default_factory=SenderAuth)
    outbound: Outbound = msgspec.field(default_factory=Outbound)
    dkim: Dkim = msgspec.field(default_factory=Dkim)
    reports: Reports = msgspec.field(default_factory=Reports)
    events: Events = msgspec.field(default_factory=Events)
    api: Api = msgspec.field(default_factory=Api)
    connections: ConnectionLimits = msgspec.field(default_factory=ConnectionLimits)
    smtp: SmtpLimits = msgspec.field(default_factory=SmtpLimits)
    imap: ImapLimits = msgspec.field(default_factory=ImapLimits)
