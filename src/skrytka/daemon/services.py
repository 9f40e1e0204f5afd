"""Composition of a front: settings, keys and store become the services that its listeners run."""

import asyncio
import contextlib

from skrytka import __version__
from skrytka.daemon.administration import Administration
from skrytka.daemon.api_tls import ApiTls
from skrytka.daemon.client_authorities import ClientAuthorities
from skrytka.daemon.config_files import certificate_files
from skrytka.daemon.deliveries import Base, Deliveries
from skrytka.daemon.legacy_tls import Exceptions
from skrytka.daemon.login_watch import login_watch
from skrytka.daemon.mail_programs import mail_programs
from skrytka.daemon.oauth import oauth_deps, tokens
from skrytka.daemon.outbound import Sending, outbound_courier, share_of
from skrytka.daemon.outside import outside
from skrytka.daemon.own_security import own_security
from skrytka.daemon.providers import providers
from skrytka.daemon.public import public_deps
from skrytka.daemon.web import WebApps, WebParts
from skrytka.mail.delivery.append import AppendDeps, Appends
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.mail.delivery.shared_append import SharedAppends
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import NAME_SUBJECT, Identity
from skrytka.mail.identity.open_sessions import OpenSessions
from skrytka.mail.identity.outside import OutsidePasswords
from skrytka.mail.identity.passwords import PEPPER_SUBJECT, Passwords, RecentLogins
from skrytka.mail.identity.rights import SenderRights
from skrytka.mail.identity.shares import Shares
from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.mailbox.mailboxes import Mailboxes
from skrytka.mail.mailbox.opened import MailboxDeps
from skrytka.mail.mailbox.sharing import SharedMailboxes
from skrytka.mail.queue.courier import CourierDeps, LocalCourier
from skrytka.mail.queue.outbound import OutboundCourier
from skrytka.mail.queue.waiting import WaitingMail
from skrytka.model import reply
from skrytka.model.errors import TransientError
from skrytka.model.secret import Secret
from skrytka.model.settings import Settings
from skrytka.net.authority import NODE_SUBJECT
from skrytka.net.connection import Connection
from skrytka.net.facts import Networks
from skrytka.net.listener import Service, Surroundings
from skrytka.net.openssl_conf import prove
from skrytka.net.sweeper import Sweeper
from skrytka.net.tls import TlsStore
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap
from skrytka.servers.mx import serve_mx
from skrytka.servers.mx_deps import MxDeps
from skrytka.servers.submission import serve_submission
from skrytka.servers.submission_deps import SubmissionDeps
from skrytka.store.files import StorePaths
from skrytka.web.public.deps import PublicDeps
from skrytka.web.public.session import serve_public, serve_public_tls

IMAP_REFUSAL = b"* BYE Too many connections, try again later\r\n"


class Parts:
    """The services of one front. Sessions that begin after :meth:`reload` have the new settings."""

    def __init__(self, base: Base, passwords: Passwords, name_key: Secret, node_seed: Secret | None = None) -> None:
        """``node_seed`` where the API is served, whose clients may have certificates that were made from it."""
        settings = base.settings
        self._base = base
        self._passwords = passwords
        self._name_key = name_key
        self._deliveries = Deliveries(base)
        self._recent = RecentLogins(base.clock, base.random)
        self._blobs = Blobs(base.store, StorePaths(base.layout.store))
        self._mailboxes = Mailboxes(self._mailbox_deps())
        self._appends = Appends(self._append_deps())
        self._shared = SharedMailboxes(self._mailboxes, Shares(base.store), base.events)
        self._shared_appends = SharedAppends(self._appends, self._shared, base.store, base.clock, base.random)
        self.watch = login_watch(base, name_key)
        self._credentials = StoredCredentials(base.store, base.clock, base.random)
        self._programs = mail_programs(base, tokens(base, self._credentials))
        self._sessions = OpenSessions(base.store)
        files = certificate_files(base.layout.root, settings)
        self._tls = TlsStore(files)
        self._legacy = Exceptions(settings.tls.legacy, files, self._tls, base.events, base.clock)
        self._asking = ClientAuthorities(settings.listeners, base.layout.root, files)
        sweeper = Sweeper(base.clock)
        self.administration = Administration(
            base=base,
            passwords=passwords,
            name_key=name_key,
            deliveries=self._deliveries,
            watch=self.watch,
            legacy=self._legacy,
            sweeper=sweeper,
            now=self,
        )
        self._mx = self._mx_deps(settings)
        self._submission = self._submission_deps(settings)
        self._imap = self._imap_deps(settings)
        self._public = self._public_deps(settings)
        self._web = WebApps(self._web_parts(settings))
        self._outbound: OutboundCourier | None = None
        self.settings = settings
        self.surroundings = Surroundings(
            sweeper=sweeper,
            random=base.random,
            events=base.events,
            limits=base.limits,
            tls=None if self._tls.is_empty else self._tls,
            caps=settings.connections,
            exempt=Networks(settings.exempt_networks),
        )
        self._api_tls: ApiTls | None = None
        if node_seed is not None and files:
            is_needed, machines = settings.api.is_client_certificate_needed, self.administration.admin.machines
            self._api_tls = ApiTls(files, node_seed, base.clock, machines, is_needed=is_needed)
        self.watch.arrivals.alert = self.administration.alerts().odd_login

    def _mailbox_deps(self) -> MailboxDeps:
        base = self._base
        return MailboxDeps(
            store=base.store,
            keys=base.keys,
            blobs=self._blobs,
            inspector=base.inspector,
            events=base.events,
            clock=base.clock,
            random=base.random,
        )

    def _append_deps(self) -> AppendDeps:
        base, deliveries = self._base, self._deliveries
        return AppendDeps(
            spool_dir=StorePaths(base.layout.store).spool,
            store=base.store,
            keys=base.keys,
            inspection=deliveries.inspection,
            mailboxes=self._mailboxes,
            events=base.events,
            clock=base.clock,
            random=base.random,
            memory=deliveries.memory,
        )

    def prove_tls(self) -> None:
        """Handshakes with ourselves; PermanentError(BAD_CONFIG) when TLS is not what it is meant to be."""
        if not self._tls.is_empty:
            prove(self._tls)

    def service(self, name: str) -> Service:
        """What the listeners of that name run."""
        return self._legacy.applied(self._asking.applied(self._service(name)))

    def _service(self, name: str) -> Service:
        if name == "smtp":
            return Service(name=name, session=self._serve_mx, refusal=reply.TOO_MANY_CONNECTIONS.encode())
        if name in {"submission", "submissions"}:
            is_implicit = name == "submissions"
            refusal = b"" if is_implicit else reply.TOO_MANY_CONNECTIONS.encode()
            return Service(name=name, session=self._serve_submission, is_implicit_tls=is_implicit, refusal=refusal)
        if name == "http":
            return Service(name=name, session=self._serve_http)
        if name == "https":
            return Service(name=name, session=self._serve_https)
        if name in {"api", "web"}:
            return Service(name=name, session=self._web.session(name), tls=self._api_tls if name == "api" else None)
        return Service(
            name=name,
            session=self._serve_imap,
            is_implicit_tls=name == "imaps",
            refusal=b"" if name == "imaps" else IMAP_REFUSAL,
        )

    async def reload(self, settings: Settings) -> None:
        """New certificates and limits; PermanentError(BAD_CONFIG) leaves everything as it was.

        Keys and chains are read in a thread: with many certificates that takes longer than sessions may wait.
        """
        await asyncio.to_thread(self._reload_tls, settings)
        self._mx = self._mx_deps(settings)
        self._submission = self._submission_deps(settings)
        self._imap = self._imap_deps(settings)
        self._public = self._public_deps(settings)
        self._web.replace(self._web_parts(settings))
        await self.watch.use(settings.attacks)
        self.settings = settings
        if self._outbound is not None:
            self._outbound.is_paused = settings.outbound.is_paused

    def _reload_tls(self, settings: Settings) -> None:
        """Each store loads all and is changed by one assignment, so that the loop sees the old set or the new one."""
        files = certificate_files(self._base.layout.root, settings)
        self._tls.reload(files)
        self._legacy.reload(files)
        self._asking.reload(files)
        if self._api_tls is not None:
            self._api_tls.reload(files)

    def courier(self) -> LocalCourier:
        """What delivers this node's queue."""
        base = self._base
        return LocalCourier(
            CourierDeps(
                hostname=base.settings.hostname,
                store=base.store,
                keys=base.keys,
                inspection=self._deliveries.inspection,
                blobs=self._blobs,
                events=base.events,
                clock=base.clock,
                age=base.age,
                random=base.random,
                reports=self._deliveries.reports(self.settings),
            )
        )

    def outbound(self) -> OutboundCourier | None:
        """What sends this front's share of the queue to other servers; None when there is nothing for it.

        PermanentError(BAD_CONFIG) for a zone file that is not there.

        Settings of [outbound] hold from the start of the process, ``is_paused`` excepted.
        """
        base = self._base
        share = share_of(base.start.number, base.start.fronts, self.settings.outbound)
        if share is None:
            return None
        sending = Sending(
            share=share,
            settings=self.settings,
            layout=base.layout,
            store=base.store,
            keys=base.keys,
            blobs=self._blobs,
            reports=self._deliveries.reports(self.settings),
            recoder=self._deliveries.inspection,
            signing=self._deliveries.signing,
            sweeper=self.surroundings.sweeper,
            events=base.events,
            clock=base.clock,
            age=base.age,
            random=base.random,
        )
        self._outbound, self.administration.chores = outbound_courier(sending)
        return self._outbound

    async def mark_recent(self) -> None:
        """Write which mail IMAP sessions were told of, for as long as the front runs."""
        await self._mailboxes.marks.run()

    async def keep_last_uses(self) -> None:
        """Write when app passwords were used last, for as long as the front runs."""
        await self._programs.uses.run()

    async def tell_sessions(self) -> None:
        """Tell open sessions of changes of their accounts, for as long as the front runs."""
        await self._sessions.run()

    async def keep_snapshots(self) -> None:
        """Write packs of mailboxes that had to be read in full, for as long as the front runs."""
        await self._mailboxes.packs.run()

    def close(self) -> None:
        """End the threads, let go of files."""
        self._web.close()
        self._passwords.close()
        self.watch.where.close()

    async def _serve_mx(self, conn: Connection) -> None:
        await serve_mx(conn, self._mx)

    async def _serve_submission(self, conn: Connection) -> None:
        await serve_submission(conn, self._submission)

    async def _serve_imap(self, conn: Connection) -> None:
        await serve_imap(conn, self._imap)

    async def _serve_http(self, conn: Connection) -> None:
        await serve_public(conn, self._public, is_secure=False)

    async def _serve_https(self, conn: Connection) -> None:
        await serve_public_tls(conn, self._public)

    def _submission_deps(self, settings: Settings) -> SubmissionDeps:
        base = self._base
        return SubmissionDeps(
            recipients=self._deliveries.recipients(settings),
            delivery=self._deliveries.delivery(settings),
            events=base.events,
            clock=base.clock,
            random=base.random,
            limits=settings.smtp,
            hostname=base.settings.hostname,
            identity=self._identity(settings),
            rights=SenderRights(base.store, self._credentials, separator=settings.accounts.subaddress_separator),
            inspector=base.inspector,
            sending=base.limits,
            waiting=WaitingMail(base.store, base.clock),
            sessions=self._sessions,
            login=settings.login,
            settings=settings.submission,
        )

    def _mx_deps(self, settings: Settings) -> MxDeps:
        base = self._base
        return MxDeps(
            recipients=self._deliveries.recipients(settings),
            delivery=self._deliveries.delivery(settings),
            events=base.events,
            clock=base.clock,
            random=base.random,
            limits=settings.smtp,
            hostname=base.settings.hostname,
            is_exempt_checked=settings.sender_auth.is_exempt_checked,
        )

    def _public_deps(self, settings: Settings) -> PublicDeps:
        return public_deps(settings, self._base.layout, HostedDomains(self._base.store), self._base.clock)

    def _web_parts(self, settings: Settings) -> WebParts:
        base = self._base
        identity = self._identity(settings)
        return WebParts(
            settings=settings,
            commands=self.administration.control,
            identity=identity,
            own=lambda: own_security(base, settings, self._passwords, identity),
            oauth=lambda: oauth_deps(base, lambda: self.settings),
            events=base.events,
            clock=base.clock,
            random=base.random,
            locks=lambda: self.administration.admin.compromise,
            providers=lambda: providers(base, base.settings, self.surroundings.sweeper),
        )

    def _identity(self, settings: Settings) -> Identity:
        base = self._base
        gate = Gate(base.limits, settings.login, base.events, self._name_key, self.watch.watching)
        return Identity(self._credentials, self._passwords, self._recent, gate, base.clock, self._programs)

    def _imap_deps(self, settings: Settings) -> ImapDeps:
        base = self._base
        return ImapDeps(
            identity=self._identity(settings),
            sessions=self._sessions,
            random=base.random,
            login=settings.login,
            mailboxes=self._shared,
            appends=self._shared_appends,
            inspector=base.inspector,
            events=base.events,
            clock=base.clock,
            limits=settings.imap,
            hostname=base.settings.hostname,
            version=__version__,
            is_tls_available=not self._tls.is_empty,
        )


async def compose(base: Base) -> Parts:
    """Fetch the node's keys and put everything together; PermanentError(BAD_CONFIG) when TLS cannot be proven."""
    pepper = await base.keys.node(PEPPER_SUBJECT)
    known = outside(base.settings, base.layout, base.clock, base.random)
    passwords = Passwords(pepper, base.random) if known is None else OutsidePasswords(known, pepper, base.random)
    try:
        has_api = base.start.number == 0 and base.settings.listeners.api.is_enabled
        seed = await base.keys.node(NODE_SUBJECT) if has_api else None
        parts = Parts(base, passwords, await base.keys.node(NAME_SUBJECT), seed)
        if has_api:
            with contextlib.suppress(TransientError):  # then every client is asked for a certificate
                await parts.administration.admin.machines.look()
        if isinstance(passwords, OutsidePasswords):
            people = parts.administration.admin.outside
            passwords.refresh, passwords.separator = people.refresh, base.settings.accounts.subaddress_separator
            passwords.provision = people.provision if base.settings.directory.is_just_in_time else None
        parts.prove_tls()
    except BaseException:
        passwords.close()
        raise
    return parts
