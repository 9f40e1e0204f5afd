"""Who has an account here, who may come in, and what is done about who may not."""

from typing import Annotated, Literal

import msgspec

from skrytka.model.settings.section import NotNegative, PositiveInt, Section

EMAIL_CLAIM = "email"  # of whose address a provider says whether it is verified (OpenID Connect Core 5.1)


class Accounts(Section, frozen=True, kw_only=True):
    """Defaults of mailboxes."""

    quota_bytes: NotNegative = 0  # 0: no limit
    subaddress_separator: Annotated[str, msgspec.Meta(max_length=1)] = "+"  # "" switches subaddresses off


class Login(Section, frozen=True, kw_only=True):
    """How often a wrong password may be tried before the hash is even computed."""

    failures_per_account_network: PositiveInt = 10
    failures_per_address: PositiveInt = 30
    window_s: PositiveInt = 900
    # SCRAM is for app passwords: a program that chooses it by itself and has the main password fails
    is_scram_announced: bool = False
    is_scram_plus_announced: bool = False  # with tls-server-end-point alone (RFC 5929 4)


class Passwords(Section, frozen=True, kw_only=True):
    """What a person's new password has to be (NIST SP 800-63B-4 3.1.1.2)."""

    min_length: Annotated[int, msgspec.Meta(ge=15, le=64)] = 15  # code points
    min_length_with_mfa: Annotated[int, msgspec.Meta(ge=8, le=64)] = 8  # where a second factor is demanded
    words: tuple[str, ...] = ()  # what this place is called: no password is made of these


class Approvals(Section, frozen=True, kw_only=True):
    """What takes two people."""

    # So long an account counts as one person with who made it, gave it a role or helped with what opens it
    independent_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 30


class OAuth(Section, frozen=True, kw_only=True):
    """Programs that people let into their mail."""

    access_token_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 3600
    refresh_token_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90  # without use
    grant_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 365  # in all; then somebody is asked again
    is_well_known_taken: bool = True  # Thunderbird, and any program of one's own on loopback


class Attacks(Section, frozen=True, kw_only=True):
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


class DirectoryRole(Section, frozen=True, kw_only=True):
    """A group of the directory, and the role that its members have here."""

    group: str  # its DN
    role: Literal["system_admin", "domain_admin", "security_officer", "help_desk", "auditor"]
    domain: str | None = None  # None: everywhere


class OutsideDirectory(Section, frozen=True, kw_only=True):
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


class Provider(Section, frozen=True, kw_only=True):
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
