"""What happens to mail, coming in and going out, and the DNS that it needs."""

from typing import Annotated, Literal

import msgspec

from skrytka.model.settings.section import NotNegative, Port, PositiveInt, Section


class PublishZone(Section, frozen=True, kw_only=True):
    """A zone whose records may be changed by dynamic update (RFC 2136)."""

    zone: str
    server: str  # its primary: "address" or "address:port"
    key_file: str  # relative to the data folder: a TSIG key, as tsig-keygen or keymgr write it


class Dns(Section, frozen=True, kw_only=True):
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


class PriorityRight(Section, frozen=True, kw_only=True):
    """An account that may claim more than others."""

    address: str  # of the account
    max: Annotated[int, msgspec.Meta(ge=0, le=9)]


class Submission(Section, frozen=True, kw_only=True):
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


class Override(Section, frozen=True, kw_only=True):
    """Mail of a known forwarder or list, which no policy stops: by its network, or by a domain that it proves."""

    network: str | None = None  # of the peer
    domain: str | None = None  # SPF passes for it, or a signature with this d= does
    reason: Literal["trusted_forwarder", "mailing_list", "local_policy", "other"] = "trusted_forwarder"  # RFC 9990
    note: str = ""


class SenderAuth(Section, frozen=True, kw_only=True):
    """What SPF, DKIM and DMARC mean for mail from outside."""

    is_enforced: bool = True  # the policy of the domain in From is carried out
    on_temperror: Literal["deliver", "defer"] = "deliver"  # when DNS does not tell whether the policy applies
    is_spf_fail_refused: bool = False
    is_exempt_checked: bool = False  # mail from exempt_networks too
    arc_sealers: tuple[str, ...] = ()  # domains whose ARC seals are believed
    overrides: tuple[Override, ...] = ()


class Route(Section, frozen=True, kw_only=True):
    """Where mail for a domain goes instead of to its MX; the most exact ``domain`` wins."""

    domain: str  # "example.net", ".example.net" for all below it, "*" for everything (a smarthost)
    host: str
    port: Port = 25
    tls: Literal["never", "opportunistic", "required", "implicit"] = "opportunistic"
    username: str | None = None
    password_file: str | None = None  # relative to the data folder; its first line
    ca_file: str | None = None  # likewise; PEM, instead of the authorities of this machine
    is_policy_asked: bool = False  # what TLSA of the host and MTA-STS of the domain ask for holds too


class TlsDemand(Section, frozen=True, kw_only=True):
    """What TLS to the servers of a domain has to be, whatever its owner publishes; the most exact ``domain`` wins."""

    domain: str  # as that of a route
    level: Literal["may", "encrypt", "proven", "dane"]


class Outbound(Section, frozen=True, kw_only=True):
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


class Reports(Section, frozen=True, kw_only=True):
    """What is told once a day to domains that ask for it."""

    is_dmarc_sent: bool = True  # what came in their name (RFC 9990)
    is_tls_sent: bool = True  # how TLS with their servers went (RFC 8460)
    is_failure_sent: bool = False  # single messages that were not proven (RFC 9991): they are other people's
    failures_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10  # of those, to one domain
    https_networks: tuple[str, ...] = ()  # not public ones, that reports may be posted to all the same
    sender: str | None = None  # an address of a domain here; None: postmaster of the domain that has our host name
    organization: str = ""  # who we are; empty: our host name


class Dkim(Section, frozen=True, kw_only=True):
    """The keys that sign what leaves."""

    is_signing: bool = True
    is_arc_sealing: bool = False  # what aliases forward to other servers has a seal of theirs (RFC 8617)
    rotate_days: Annotated[int, msgspec.Meta(ge=30, le=183)] = 180  # a key signs no longer, if a successor is published
    wait_hours: NotNegative = 48  # from when DNS shows a successor to its use
    retire_days: Annotated[int, msgspec.Meta(ge=7)] = 14  # from then on until the old key is revoked
