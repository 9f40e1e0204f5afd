"""A whole mail layer on a real store and key ring in a temporary folder."""

from pathlib import Path
from typing import TypeVar

import msgspec

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.delivery.append import AppendDeps, Appends
from skrytka.mail.delivery.bugs import MessageBugs
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.known import KnownAccounts
from skrytka.mail.delivery.local import Delivery, DeliveryDeps
from skrytka.mail.delivery.report_intake import ReportIntake
from skrytka.mail.delivery.resolve import Directory
from skrytka.mail.delivery.senders import SenderDeps, Senders
from skrytka.mail.delivery.shared_append import SharedAppends
from skrytka.mail.delivery.types import Judgement, Resolution, Transaction
from skrytka.mail.identity.passwords import Cost, Passwords
from skrytka.mail.identity.shares import Shares
from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.mailbox.mailboxes import Mailboxes
from skrytka.mail.mailbox.opened import MailboxDeps
from skrytka.mail.mailbox.sharing import SharedMailboxes
from skrytka.mail.outbox.rewriting import Rewriting
from skrytka.mail.policy.decide import decide
from skrytka.mail.policy.senders import SenderPolicy
from skrytka.mail.queue.courier import CourierDeps, LocalCourier
from skrytka.mail.queue.local import LocalQueue
from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId, TraceId, Uid, new_id
from skrytka.model.limits import SmtpLimits
from skrytka.model.secret import Secret
from skrytka.model.settings import SenderAuth
from skrytka.model.verdict import Verdict
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.protocol.mailauth.message import MessageResults
from skrytka.protocol.mailauth.query import Query, RdType
from skrytka.store.commands.base import Command
from skrytka.store.files import StorePaths
from skrytka.store.local import LocalStore
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import KeyRing
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.system import SystemRandom
from tests.support.local_inspector import LocalInspector
from tests.unit.mail.support import Recorder

R = TypeVar("R")
HOSTNAME = "mx.example.test"
ACTOR = "local root"
PASSWORD = Secret("correct horse")
MESSAGE = (
    b"From: Bob <bob@example.net>\r\nTo: alice@example.test\r\nSubject: Re: lunch\r\n"
    b"Message-ID: <1@example.net>\r\nDate: Fri, 15 Jan 2027 09:00:00 +0100\r\n\r\nHello Alice\r\n"
)


class TableResolver:
    """A resolver over a table: what stands in none does not exist, None for what nobody answers."""

    def __init__(self) -> None:
        self.records: dict[Query, Answer | None] = {}
        self.asked: list[Query] = []
        self.bug: Exception | None = None
        self.is_remembering = False

    def known(self, name: str, rdtype: str) -> Answer | None:
        return self.records.get(Query(name, rdtype)) if self.is_remembering else None  # type: ignore[arg-type]

    def txt(self, name: str, text: str) -> None:
        self.records[Query(name, "TXT")] = Answer(Status.NOERROR, (text.encode(),))

    def silent(self, name: str, rdtype: RdType = "TXT") -> None:
        self.records[Query(name, rdtype)] = None

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        query = Query(str(name), rdtype)  # type: ignore[arg-type]
        self.asked.append(query)
        if self.bug is not None:
            raise self.bug
        answer = self.records.get(query, Answer(Status.NXDOMAIN))
        if answer is None:
            raise TransientError(Reason.DNS_TIMEOUT)
        return answer


class FaultyStore(LocalStore):
    """Raises what is in ``failures`` before a command of that type, or, with ``is_late``, after it happened."""

    def __init__(self, root: Path, clock: FixedClock) -> None:
        super().__init__(root, clock)
        self.failures: dict[type, list[Exception]] = {}
        self.is_late = False
        self.commands: list[object] = []

    async def submit(self, command: Command[R]) -> R:
        self.commands.append(command)
        waiting = self.failures.get(type(command))
        if not waiting:
            return await super().submit(command)
        if self.is_late:
            await super().submit(command)
        raise waiting.pop(0)


class World:
    """Everything that mail is made of; ``await ready()`` makes example.test with alice, bob and admin."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = FixedClock()
        self.random = SystemRandom()
        self.events = Recorder()
        self.store = FaultyStore(root, self.clock)
        public = RecoveryKey.generate(self.random).public
        self.ring = KeyRing.initialise(root / "ring.sqlite", Secret(b"m" * 32), public, self.clock, self.random)
        self.keys = LocalKeySource(self.ring, self.random)
        self.passwords = Passwords(Secret(b"p" * 32), self.random, cost=Cost(1, 64), threads=1)
        self.memory = MemoryBudget()
        self.inspector = LocalInspector()
        self.inspection = Inspection(self.inspector)
        self.blobs = Blobs(self.store, StorePaths(root))
        self.admin = Admin(
            AdminDeps(
                store=self.store,
                keys=self.keys,
                passwords=self.passwords,
                events=self.events,
                clock=self.clock,
                random=self.random,
            )
        )
        self.rewriting = Rewriting(self.keys, self.clock)
        self.directory = Directory(
            self.store, hostname=HOSTNAME, known=KnownAccounts(self.store), rewriting=self.rewriting
        )
        self.dns = TableResolver()
        self.sender_auth = SenderAuth()
        self.senders = Senders(
            SenderDeps(
                hostname=HOSTNAME,
                resolver=self.dns,
                known=self.dns.known,
                judge=self._judge,
                events=self.events,
                clock=self.clock,
                is_spf_explained=True,
            )
        )
        self.delivery = Delivery(
            DeliveryDeps(
                hostname=HOSTNAME,
                spool_dir=root / "spool",
                store=self.store,
                keys=self.keys,
                inspection=self.inspection,
                decide=decide,
                fallback=LocalQueue(self.store, self.keys, self.clock, self.random),
                events=self.events,
                clock=self.clock,
                random=self.random,
                memory=self.memory,
                limits=SmtpLimits(),
                bugs=MessageBugs(LocalLimits(LimitTable(self.clock))),
                senders=self.senders,
                intake=ReportIntake(self.inspection, HostedDomains(self.store).has, self.events),
            )
        )
        self.courier = LocalCourier(
            CourierDeps(
                hostname=HOSTNAME,
                store=self.store,
                keys=self.keys,
                inspection=self.inspection,
                blobs=self.blobs,
                events=self.events,
                clock=self.clock,
                age=self.clock,
                random=self.random,
            )
        )
        self.mailboxes = Mailboxes(
            MailboxDeps(
                store=self.store,
                keys=self.keys,
                blobs=self.blobs,
                inspector=self.inspector,
                events=self.events,
                clock=self.clock,
                random=self.random,
            )
        )

        self.appends = Appends(
            AppendDeps(
                spool_dir=root / "spool",
                store=self.store,
                keys=self.keys,
                inspection=self.inspection,
                mailboxes=self.mailboxes,
                events=self.events,
                clock=self.clock,
                random=self.random,
                memory=self.memory,
            )
        )

        self.shared = SharedMailboxes(self.mailboxes, Shares(self.store), self.events)
        self.shared_appends = SharedAppends(self.appends, self.shared, self.store, self.clock, self.random)

    def _judge(self, facts: Transaction, found: MessageResults) -> Judgement:
        return SenderPolicy(self.sender_auth)(facts, found)

    async def ready(self) -> None:
        await self.admin.init("example.test", "admin@example.test", PASSWORD, ACTOR)
        for name in ("alice", "bob"):
            await self.admin.accounts.add(f"{name}@example.test", PASSWORD, ACTOR)
        self.events.events.clear()

    async def account(self, name: str) -> AccountId:
        found = [row.account for row in await self.admin.accounts.list() if row.address == f"{name}@example.test"]
        return AccountId(found[0])

    def facts(self, trace: bytes | None = None) -> Transaction:
        return Transaction(
            trace=TraceId(trace or new_id(self.clock, self.random)),
            received_at_ms=self.clock.now_ms(),
            reverse_path=ReversePath(Address.parse("bob@example.net")),
            remote="192.0.2.1",
            helo=Domain.parse("mail.example.net"),
        )

    async def resolve(self, *recipients: str) -> list[Resolution]:
        return [await self.directory.resolve(Address.parse(recipient)) for recipient in recipients]

    async def deliver(self, message: bytes, *recipients: str, chunk: int = 65536) -> Verdict:
        resolutions = await self.resolve(*recipients or ["alice@example.test"])
        incoming = self.delivery.begin()
        for start in range(0, len(message), chunk):
            await incoming.write(message[start : start + chunk])
        return await self.delivery.deliver(self.facts(), resolutions, incoming)

    async def receive(
        self, message: bytes, *recipients: str, reverse_path: str = "bob@example.net", remote: str = "192.0.2.1"
    ) -> Verdict:
        """As deliver(), of mail whose sender is asked about."""
        incoming = self.delivery.begin_checked()
        await incoming.write(message)
        address = Address.parse(reverse_path) if reverse_path else None
        facts = msgspec.structs.replace(
            self.facts(), is_sender_checked=True, remote=remote, reverse_path=ReversePath(address)
        )
        return await self.delivery.deliver(facts, await self.resolve(*recipients or ["alice@example.test"]), incoming)

    async def inbox(self, name: str = "alice", mailbox: str = "INBOX") -> list[bytes]:
        """All messages, as their owner sees them."""
        view = await self.mailboxes.open(await self.account(name), mailbox)
        found = []
        for uid in (await view.snapshot()).uids:
            content = await view.content(Uid(uid))
            found.append(await content.read(0, content.size_bytes))
            content.close()
        view.close()
        return found

    async def close(self) -> None:
        self.passwords.close()
        await self.store.close()
        self.ring.close()


def fails(error: TransientError, times: int = 1) -> list[Exception]:
    return [error] * times
