"""What deliveries of a front are made of: the memory, resolver, signing and directory that all its services share."""

from collections.abc import Callable
from dataclasses import dataclass

from skrytka.daemon.event_log import EventLog
from skrytka.daemon.layout import Layout
from skrytka.daemon.messages import Start
from skrytka.daemon.resolver import resolver_of
from skrytka.inspect.inspector import Inspector
from skrytka.mail.delivery.bugs import MessageBugs
from skrytka.mail.delivery.failures import Failures
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.known import KnownAccounts
from skrytka.mail.delivery.local import Delivery, DeliveryDeps
from skrytka.mail.delivery.report_intake import ReportIntake
from skrytka.mail.delivery.reports import Reports
from skrytka.mail.delivery.resolve import Directory
from skrytka.mail.delivery.senders import SenderDeps, Senders
from skrytka.mail.identity.attacks.words import Tried
from skrytka.mail.outbox.authors import Authors
from skrytka.mail.outbox.outbox import Outbox
from skrytka.mail.outbox.rewriting import Rewriting
from skrytka.mail.outbox.signing import Signing
from skrytka.mail.policy.decide import decide
from skrytka.mail.policy.senders import SenderPolicy
from skrytka.mail.queue.local import LocalQueue
from skrytka.model.clock import Clock, Random
from skrytka.model.settings import Settings
from skrytka.net.dns.drive import nothing_known
from skrytka.net.dns.stub import StubResolver
from skrytka.net.limits import SharedLimits
from skrytka.protocol.reports.texts import LANGUAGES
from skrytka.store.client import StoreClient
from skrytka.store.files import StorePaths
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.seal.source import KeySource


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a front's process brings to its composition."""

    start: Start
    layout: Layout
    store: StoreClient
    keys: KeySource
    limits: SharedLimits
    inspector: Inspector
    events: EventLog
    clock: Clock
    age: Clock  # of what is given up for its age
    random: Random
    tried: Callable[[Tried], None] = lambda _tried: None  # tells the supervisor of a login
    trusted: Callable[[str], None] = lambda _name: None  # and of an account that is its owner's

    @property
    def settings(self) -> Settings:
        return self.start.settings


class Deliveries:
    """One per front; each service and each set of settings has a delivery of its own."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self.inspection = Inspection(base.inspector)
        self.resolver = resolver_of(base.settings.dns, base.layout, base.clock, base.random)
        self.memory = MemoryBudget(base.settings.connections.spool_memory_bytes)
        self._known = KnownAccounts(base.store)
        self._rewriting = Rewriting(base.keys, base.clock)
        authors = Authors(base.inspector)
        signing = Signing(base.store, base.keys, authors, base.clock, base.random, base.events)
        self.signing = signing if base.settings.dkim.is_signing else None
        self.failures = Failures(base.events)

    def delivery(self, settings: Settings) -> Delivery:
        """What takes messages, with these settings."""
        base = self._base
        delivery = DeliveryDeps(
            hostname=base.settings.hostname,
            spool_dir=StorePaths(base.layout.store).spool,
            store=base.store,
            keys=base.keys,
            inspection=self.inspection,
            decide=decide,
            fallback=LocalQueue(base.store, base.keys, base.clock, base.random),
            events=base.events,
            clock=base.clock,
            random=base.random,
            memory=self.memory,
            limits=settings.smtp,
            bugs=MessageBugs(base.limits),
            outbox=Outbox(base.keys, base.clock, base.random),
            senders=self._senders(settings),
            intake=ReportIntake(self.inspection, HostedDomains(base.store).has, base.events),
            failures=self.failures if settings.reports.is_failure_sent else None,
            directory=self.recipients(settings),
            words=LANGUAGES[settings.outbound.report_language],
            rewriting=self._rewriting,
            signing=self.signing,
            is_sealing=base.settings.dkim.is_arc_sealing,
        )
        return Delivery(delivery)

    def reports(self, settings: Settings) -> Reports:
        """What tells senders of their mail."""
        reports = self.delivery(settings).reports
        if reports is None:
            raise AssertionError("deliveries here make reports")
        return reports

    def recipients(self, settings: Settings) -> Directory:
        """Who may get mail here."""
        base = self._base
        separator = settings.accounts.subaddress_separator
        return Directory(
            base.store,
            hostname=base.settings.hostname,
            separator=separator,
            known=self._known,
            rewriting=self._rewriting,
        )

    def _senders(self, settings: Settings) -> Senders:
        base = self._base
        return Senders(
            SenderDeps(
                hostname=base.settings.hostname,
                resolver=self.resolver,
                known=self.resolver.known if isinstance(self.resolver, StubResolver) else nothing_known,
                judge=SenderPolicy(settings.sender_auth),
                events=base.events,
                clock=base.clock,
                is_spf_explained=settings.sender_auth.is_spf_fail_refused,
            )
        )
