"""What one front does beside its sessions: commands of administrators, mail to the owners of accounts, chores.

Whatever it makes goes by the settings of now, unless its docstring says otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from skrytka.daemon.acme import renewals
from skrytka.daemon.deliveries import Base, Deliveries
from skrytka.daemon.domain_dns import dns_deps
from skrytka.daemon.event_trace import EventTrace
from skrytka.daemon.jobs import Periodic
from skrytka.daemon.legacy_tls import Exceptions
from skrytka.daemon.login_log import LoginLog
from skrytka.daemon.login_watch import EXPIRE_S, LoginWatch
from skrytka.daemon.outbound import dkim_deps
from skrytka.daemon.outside import outside
from skrytka.daemon.outside_https import outside_https
from skrytka.daemon.password_policy import given_policy
from skrytka.daemon.renewals import HasSettings, Renewals
from skrytka.daemon.report_digests import report_reader
from skrytka.daemon.report_job import EVERY_S, ReportJob, ReportJobDeps, report_address
from skrytka.daemon.report_posts import ReportPosts
from skrytka.daemon.store_check import StoreCheck
from skrytka.daemon.web import origin
from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.alerts import AlertDeps, Alerts
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.notices import NoticeDeps, Notices
from skrytka.mail.admin.sync_timer import LOOK_S, SyncTimer
from skrytka.mail.delivery.failures import FailureDeps, FailureTeller
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.mail.delivery.report_sender import ReportSender
from skrytka.mail.identity.login import hidden_name
from skrytka.mail.identity.passwords import Passwords
from skrytka.model.address import Address
from skrytka.model.secret import Secret
from skrytka.model.settings import Settings
from skrytka.net.client_tls import ClientTls
from skrytka.net.https import Https
from skrytka.net.sweeper import Sweeper
from skrytka.protocol.reports.alert_mail import ALERT_LANGUAGES
from skrytka.store.events.writer import FLUSH_S

LEGACY_S = 3600.0
DNS_S = 3600.0  # each domain is looked at once a day
NOTICES_S = 2.0  # a person looks into his mailbox after he has changed something
DKIM_S = 600.0  # somebody may have published a key


@dataclass(kw_only=True)
class Administration:
    """One per front. ``now`` has the settings; ``chores`` are those of the courier, known when there is one."""

    base: Base
    passwords: Passwords
    name_key: Secret
    deliveries: Deliveries
    watch: LoginWatch
    legacy: Exceptions
    sweeper: Sweeper
    now: HasSettings
    chores: tuple[Periodic, ...] = ()
    orders: Renewals | None = field(default=None, init=False)

    @property
    def settings(self) -> Settings:
        """Those of now."""
        return self.now.settings

    def control(self) -> CommandDeps:
        """What the control socket administers."""
        layout = self.base.layout
        return CommandDeps(
            admin=self.admin,
            check=StoreCheck(layout),
            trace=EventTrace(layout, self.name_key, settles_s=2 * FLUSH_S),
            certificates=self.orders,
            reports=report_reader(layout.events, self.base.clock),
            logins=LoginLog(layout, self.name_key, self.watch.where),
            settings=lambda: self.settings,
        )

    @cached_property
    def admin(self) -> Admin:
        """Administration, as the settings of the start have it."""
        base = self.base
        return Admin(
            AdminDeps(
                store=base.store,
                keys=base.keys,
                passwords=self.passwords,
                events=base.events,
                clock=base.clock,
                random=base.random,
                quota_bytes=self.settings.accounts.quota_bytes,
                hostname=base.settings.hostname,
                is_demo=self.settings.is_demo,
                policy=given_policy(base.settings, base.layout, base.events),
                dns=dns_deps(self.settings, base.layout, base.clock, base.random),
                dkim=dkim_deps(self.settings, base.layout, base.clock, base.age, base.random),
                outside=outside(base.settings, base.layout, base.clock, base.random),
                outside_roles=base.settings.directory.roles,
                approvals=lambda: self.settings.approvals,
                providers=base.settings.providers,
                gone_percent=base.settings.directory.gone_percent,
                separator=base.settings.accounts.subaddress_separator,
                alerts=self.alerts(),
                trusted=lambda key: base.trusted(hidden_name(self.name_key, key)),
            )
        )

    def alerts(self) -> Alerts:
        """What people are told about logins; its links lead to the pages of now."""
        base = self.base
        return Alerts(
            AlertDeps(
                store=base.store,
                sender=self._sender(),
                clock=base.clock,
                random=base.random,
                hostname=base.settings.hostname,
                words=lambda: ALERT_LANGUAGES[self.settings.outbound.report_language],
                origin=lambda: origin(self.settings) if self.settings.listeners.web.is_enabled else "",
            )
        )

    def _sender(self) -> ReportSender:
        """Of this server's own mail, in words of now."""
        return ReportSender(self.deliveries.reports(self.settings).deps)

    def periodic(self) -> Sequence[Periodic]:
        """What the first front does from time to time."""
        report_job, base = self._report_job(), self.base
        jobs = [
            Periodic("F-dkim-keys", self.admin.dkim.tend, DKIM_S),
            Periodic("F-daily-reports", report_job.run, EVERY_S),
            Periodic("F-notices", self._notices().run, NOTICES_S),
            Periodic("F-known-places", self.watch.expire, EXPIRE_S),
            *self.chores,
        ]
        if self.settings.directory.urls and (every_s := self.settings.directory.sync_every_s):
            timer = SyncTimer(self.admin.outside.sync_by_timer, every_s, base.clock, base.random)
            jobs.append(Periodic("F-directory-sync", timer.run, LOOK_S))
        if self.settings.tls.legacy:
            jobs.append(Periodic("F-legacy-tls", self.legacy.warn, LEGACY_S))
        if self.settings.dns.is_watched and not self.settings.is_demo:
            jobs.append(Periodic("F-dns-watch", self.admin.drift.run, DNS_S))
        return jobs

    def _notices(self) -> Notices:
        base = self.base
        return Notices(
            NoticeDeps(
                store=base.store,
                sender=self._sender(),
                language=lambda: self.settings.outbound.report_language,
                clock=base.clock,
                random=base.random,
            )
        )

    def _report_job(self) -> ReportJob:
        base = self.base
        return ReportJob(
            ReportJobDeps(
                events_dir=base.layout.events,
                settings=lambda: self.settings,
                sender=self._sender(),
                domains=HostedDomains(base.store),
                resolver=self.deliveries.resolver,
                events=base.events,
                clock=base.clock,
                random=base.random,
                posts=ReportPosts(self._outside_https, base.events, base.clock),
            )
        )

    async def tell_failures(self) -> None:
        """Write failure reports about what this front has decided, for as long as it runs."""
        base, domains = self.base, HostedDomains(self.base.store)

        async def sender_address() -> Address | None:
            return report_address(self.settings, await domains.names())

        deps = FailureDeps(
            failures=self.deliveries.failures,
            sender=self._sender(),
            sender_address=sender_address,
            per_hour=lambda: self.settings.reports.failures_per_hour,
            resolver=self.deliveries.resolver,
            limits=base.limits,
            events=base.events,
            clock=base.clock,
            random=base.random,
        )
        await FailureTeller(deps).run()

    def _outside_https(self) -> Https:
        tls = ClientTls(self.base.layout.root)
        return outside_https(self.settings, self.deliveries.resolver, tls, self.sweeper)

    def renewals(self, changed: Callable[[], None]) -> Renewals:
        """What orders certificates, for the first front; ``changed`` is called when there is a new one to serve."""
        base = self.base
        self.orders = renewals(
            now=self.now,
            layout=base.layout,
            hosted=HostedDomains(base.store),
            keys=base.keys,
            sweeper=self.sweeper,
            changed=changed,
            events=base.events,
            clock=base.clock,
            random=base.random,
        )
        return self.orders
