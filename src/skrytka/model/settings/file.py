"""The whole file."""

import msgspec

from skrytka.model.limits import ConnectionLimits, ImapLimits, SmtpLimits
from skrytka.model.settings.mail import Dkim, Dns, Outbound, Reports, SenderAuth, Submission
from skrytka.model.settings.people import (
    Accounts,
    Approvals,
    Attacks,
    Login,
    OAuth,
    OutsideDirectory,
    Passwords,
    Provider,
)
from skrytka.model.settings.section import NotNegative, PositiveInt, Section
from skrytka.model.settings.served import Acme, Api, Listeners, MtaSts, SecurityTxt, Tls

CONFIG_VERSION = 1


class Store(Section, frozen=True, kw_only=True):
    """Mailbox store of this node."""

    wal_checkpoint_bytes: PositiveInt = 64 * 1024 * 1024
    vault_days: NotNegative = 14
    journal_days: PositiveInt = 35


class Events(Section, frozen=True, kw_only=True):
    """The event log."""

    auth_days: NotNegative = 180  # 0 of these four: for ever
    admin_days: NotNegative = 1095
    mail_days: NotNegative = 90
    system_days: NotNegative = 90
    anchor_file: str | None = None  # signed checkpoints are appended here too, best on another machine's mount


class Settings(Section, frozen=True, kw_only=True):
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
