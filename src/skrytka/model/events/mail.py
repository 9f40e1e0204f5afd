"""Events about messages and the sessions that they come and go by."""

from skrytka.model.events.base import Event, EventClass


class MailEvent(Event, frozen=True, kw_only=True):
    """Something happened to a message or an SMTP session."""

    CLASS = EventClass.MAIL


class SessionOpened(MailEvent, frozen=True, kw_only=True):
    """A peer connected."""

    PERSONAL = frozenset({"remote"})
    service: str
    remote: str
    local_port: int


class SessionClosed(MailEvent, frozen=True, kw_only=True):
    """A session ended; how and after what."""

    service: str
    cause: str  # quit, eof, timeout, error, refused, drain
    messages: int = 0
    errors: int = 0
    tls: str = ""  # "TLSv1.3 TLS_AES_256_GCM_SHA384", "" in clear


class RecipientRefused(MailEvent, frozen=True, kw_only=True):
    """RCPT TO got a 4xx or 5xx."""

    PERSONAL = frozenset({"remote", "reverse_path", "recipient"})
    ADDRESSES = frozenset({"reverse_path", "recipient"})
    remote: str
    reverse_path: str
    recipient: str
    reason: str
    code: int


class CommandRefused(MailEvent, frozen=True, kw_only=True):
    """An SMTP command got a 5xx for its form or order: no address stands in it."""

    PERSONAL = frozenset({"remote"})
    remote: str
    code: int
    enhanced: str


class MessageRefused(MailEvent, frozen=True, kw_only=True):
    """The transaction ended with 4xx or 5xx after its recipients had been accepted."""

    PERSONAL = frozenset({"remote", "reverse_path", "recipients"})
    ADDRESSES = frozenset({"reverse_path", "recipients"})
    remote: str
    reverse_path: str
    recipients: tuple[str, ...]
    reason: str
    code: int
    detail: str = ""


class SenderChecked(MailEvent, frozen=True, kw_only=True):
    """SPF, DKIM, ARC and DMARC of a message from outside, and what came of it: all that reports need (RFC 9990)."""

    PERSONAL = frozenset({"remote", "helo", "reverse_path"})
    ADDRESSES = frozenset({"reverse_path"})
    remote: str
    helo: str
    reverse_path: str
    recipient_domains: tuple[str, ...]
    spf: str  # result
    spf_scope: str  # mfrom, helo
    spf_domain: str
    spf_cause: str = ""  # why there is no policy to go by; else the mechanism that decided
    dkim: tuple[str, ...] = ()  # each signature: "result d=domain s=selector a=algorithm bits=1024 reason=word"
    arc: str = "none"
    arc_sealers: tuple[str, ...] = ()  # the oldest first
    header_from: str = ""  # the one domain in From
    from_problem: str = ""  # why there is none, or who else is there: no_from, several_domains...
    dmarc: str = "none"
    dmarc_spf: bool = False  # it passed and is aligned
    dmarc_dkim: bool = False
    policy_domain: str = ""  # where the record was; "": there is none
    p: str = ""
    sp: str = ""
    np: str = ""
    adkim: str = ""
    aspf: str = ""
    psd: str = ""
    fo: str = ""
    is_testing: bool = False  # t=y
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()
    disposition: str = "none"  # none, pass, quarantine, reject (RFC 9990)
    override: str = ""  # why not as asked: policy_test_mode, local_policy, trusted_forwarder...
    comment: str = ""


class SendingLimited(MailEvent, frozen=True, kw_only=True):
    """An account that sends has passed a limit; once a session and limit."""

    PERSONAL = frozenset({"account_name", "remote"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    remote: str
    limit: str  # the setting: messages_per_hour...
    most: int


class MessageReceived(MailEvent, frozen=True, kw_only=True):
    """A message was accepted with 250."""

    PERSONAL = frozenset({"remote", "helo", "reverse_path", "recipients"})
    ADDRESSES = frozenset({"reverse_path", "recipients"})
    remote: str
    helo: str
    reverse_path: str
    recipients: tuple[str, ...]
    size_bytes: int
    tls: str = ""
    protocol: str = "ESMTP"
    duration_ms: int = 0
    priority: int = 0  # MT-PRIORITY (RFC 6710 4.1)


class MessageDelivered(MailEvent, frozen=True, kw_only=True):
    """A message is in a mailbox, on disk."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    account: int
    mailbox: int
    uid: int
    emailid: str
    via: str = "direct"  # direct or queue


class MessageQuarantined(MailEvent, frozen=True, kw_only=True):
    """A message that we cannot deal with is in a mailbox that no client sees, on disk; its sender heard 250."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    account: int
    mailbox: int
    uid: int
    emailid: str
    reason: str  # poisoned, bug
    detail: str = ""


class MessageQueued(MailEvent, frozen=True, kw_only=True):
    """A message waits in this node's queue."""

    PERSONAL = frozenset({"recipients"})
    ADDRESSES = frozenset({"recipients"})
    recipients: tuple[str, ...]
    reason: str
    signatures: tuple[str, ...] = ()  # names of the key records that verify our DKIM signatures
    hold: str = ""  # "for;SECONDS" or "until;TIME": what its sender asked for (RFC 4865)


class ForwardWithheld(MailEvent, frozen=True, kw_only=True):
    """An alias leads to other servers, and the message was not passed on; who has it instead."""

    PERSONAL = frozenset({"alias", "recipients", "kept_for"})
    ADDRESSES = frozenset({"alias", "recipients", "kept_for"})
    alias: str
    recipients: tuple[str, ...]  # elsewhere, who have not got it
    reason: str  # dmarc_quarantine
    kept_for: tuple[str, ...]  # accounts here, in whose Junk it is


class DeliveryDeferred(MailEvent, frozen=True, kw_only=True):
    """A queued delivery failed for now; ``detail`` is what the other server said, or our words for why it could not."""

    PERSONAL = frozenset({"recipient", "detail"})  # servers quote the address they refuse
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    reason: str
    attempts: int
    host: str = ""
    detail: str = ""


class MessageRelayed(MailEvent, frozen=True, kw_only=True):
    """Another server has taken the message for a recipient."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    host: str
    status: str
    tls: str = ""
    attempts: int = 0


class OutboundTls(MailEvent, frozen=True, kw_only=True):
    """A session with another server was opened, or failed for its TLS; what TLS reports count (RFC 8460 4)."""

    domain: str  # of the recipients
    host: str
    address: str
    policy_type: str  # tlsa, sts, no-policy-found
    policy_domain: str = ""
    policy_strings: tuple[str, ...] = ()
    result: str = ""  # RFC 8460 4.3; "" is success
    detail: str = ""
    version: str = ""  # "" in clear
    cipher: str = ""
    is_verified: bool = False  # the server has proven that it is the one that was meant
    local: str = ""  # our address of that connection
    group: str = ""  # of the key exchange, where the runtime tells it
    is_clear: bool = False  # mail went all the same, and anybody could read it


class StsPolicyFetched(MailEvent, frozen=True, kw_only=True):
    """The MTA-STS policy of another domain was fetched, or could not be."""

    domain: str
    id: str  # of its TXT record
    mode: str = ""
    max_age_s: int = 0
    result: str = ""  # RFC 8460 4.3.2.2; "" is success
    detail: str = ""
    is_kept: bool = False  # an older policy goes on to hold


class DmarcReportReceived(MailEvent, frozen=True, kw_only=True):
    """Another server has told what it saw of mail that claims to be from a domain of ours (RFC 9990)."""

    domain: str  # that the report is about
    organization: str
    sender: str  # the domain in From of the mail that brought it
    is_proven: bool  # that it is from that domain (RFC 9990 3.5.2 demands it)
    report_id: str
    begin_s: int
    end_s: int
    policy: str  # p as they saw it
    # "address count dkim spf disposition header_from proven": dkim and spf are pass where aligned, proven is what was
    # proven by whatever name ("dkim:example.net,spf:example.net").
    sources: tuple[str, ...]
    left_off: int = 0  # messages of further sources


class TlsReportReceived(MailEvent, frozen=True, kw_only=True):
    """Another server has told how its TLS with servers of a domain of ours went (RFC 8460)."""

    domain: str
    organization: str
    sender: str
    is_proven: bool
    report_id: str
    begin_s: int
    end_s: int
    policies: tuple[str, ...]  # each "type successes failures"
    failures: tuple[str, ...] = ()  # each "type count mx_host reason"


class DailyReportSent(MailEvent, frozen=True, kw_only=True):
    """A domain that asks for it was told of a day, or could not be; it is not told of that day again."""

    PERSONAL = frozenset({"recipients"})
    ADDRESSES = frozenset({"recipients"})
    report: str  # dmarc, tls
    domain: str
    day: str
    report_id: str
    recipients: tuple[str, ...] = ()  # none: nobody there has agreed to get it, or nobody wants it
    size_bytes: int = 0
    detail: str = ""


class FailureReportSent(MailEvent, frozen=True, kw_only=True):
    """A domain that asks for it was told of one message that was not proven (RFC 9991), or could not be.

    What is limited, or is like what was told already, is no event.
    """

    PERSONAL = frozenset({"recipients"})
    ADDRESSES = frozenset({"recipients"})
    domain: str  # in From of the message
    policy_domain: str
    failure: str  # dmarc, signature, bodyhash, revoked, spf
    recipients: tuple[str, ...] = ()  # none: nobody there has agreed to get it
    detail: str = ""


class DmarcFailureReceived(MailEvent, frozen=True, kw_only=True):
    """Another server has told of one message in the name of a domain of ours that was not proven (RFC 9991)."""

    PERSONAL = frozenset({"source_ip"})
    domain: str
    sender: str  # the domain in From of the mail that brought it
    is_proven: bool  # that it is from that domain
    failure: str  # Auth-Failure: dmarc, signature, spf...
    alignment: str  # what did not authenticate an aligned identity: "dkim,spf"
    result: str  # Delivery-Result
    source_ip: str
    at_s: int  # when it arrived there; 0: not told
    dkim_domain: str = ""
    dkim_selector: str = ""
    mail_from: str = ""  # the domain of the reverse path
    incidents: int = 1


class ReportRefused(MailEvent, frozen=True, kw_only=True):
    """What came as a report of another server could not be used; the mail was delivered all the same."""

    sender: str
    reason: str


class DeliveryFailed(MailEvent, frozen=True, kw_only=True):
    """A recipient elsewhere was given up; ``is_reported`` says whether a DSN went to the reverse path."""

    PERSONAL = frozenset({"recipient", "detail"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    status: str
    host: str
    is_reported: bool
    attempts: int = 0
    detail: str = ""


class ReportSent(MailEvent, frozen=True, kw_only=True):
    """A DSN was put into a mailbox or into the queue."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str  # whom it tells
    about: str  # trace id of the message it is about
    actions: tuple[str, ...]  # failed, delayed, relayed, delivered, expanded


class MessageExpunged(MailEvent, frozen=True, kw_only=True):
    """Messages left a mailbox for the vault."""

    account: int
    mailbox: int
    count: int


class MessageAppended(MailEvent, frozen=True, kw_only=True):
    """A client put a message into a mailbox (IMAP APPEND)."""

    account: int
    mailbox: int
    uid: int
    emailid: str
    size_bytes: int


class MessagesCopied(MailEvent, frozen=True, kw_only=True):
    """A client copied or moved messages to another mailbox (IMAP COPY, MOVE)."""

    account: int
    mailbox: int  # from here
    target: int
    count: int
    is_move: bool = False


class SharedMailboxOpened(MailEvent, frozen=True, kw_only=True):
    """Somebody opened a mailbox of somebody else, which is shared with him, or puts mail into it."""

    account: int  # who
    owner: int  # whose
    mailbox: int
    rights: str  # of RFC 4314 2.1
