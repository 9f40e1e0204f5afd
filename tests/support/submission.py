"""A submission session on a real loopback connection, with people, recipients and delivery made up."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from skrytka.mail.identity.login import Login
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.limits import SmtpLimits
from skrytka.model.secret import Secret
from skrytka.model.settings import Submission
from skrytka.net.facts import ConnFacts
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.net.tls_pipe import ServerTls
from skrytka.servers.submission import serve_submission
from skrytka.servers.submission_deps import SubmissionDeps
from tests.support.local_inspector import LocalInspector
from tests.support.mx import HOSTNAME, FakeDelivery, FakeRecipients, Mx
from tests.support.sasl import NoSessions, PasswordsOnly
from tests.unit.net.harness import Zeros, serving

PASSWORD: Final = b"secret"
OWN: Final = frozenset({"alice@example.test", "alice+shop@example.test", "sales@example.test"})


class FakeIdentity(PasswordsOnly):
    """Only alice@example.test, password "secret"; busy@... comes too often, down@... at a bad time."""

    def __init__(self) -> None:
        self.is_valid = True

    async def login(self, name: str, password: Secret, facts: ConnFacts, mechanism: str) -> Login:
        if name == "busy@example.test":
            raise TransientError(Reason.RATE_LIMITED)
        if name == "down@example.test":
            raise TransientError(Reason.STORE_DOWN, "secret detail")
        if name != "alice@example.test" or password.reveal() != PASSWORD:
            raise PermanentError(Reason.BAD_CREDENTIALS)
        return Login(AccountId(1), Address.parse(name))

    def refuse(self, name: str, facts: ConnFacts, mechanism: str) -> None:
        pass

    async def is_still_valid(self, login: Login, facts: ConnFacts) -> bool:
        return self.is_valid


class FakeRights:
    """Alice may send as those in ``OWN``."""

    async def may_send_as(self, login: Login, address: Address) -> bool:
        return address.key in OWN

    async def may_send_on_behalf(self, login: Login, address: Address) -> bool:
        return await self.may_send_as(login, address)

    async def are_proven(
        self, login: Login, field: bytes, prove: Callable[[bytes], Awaitable[bool]], *, is_on_behalf: bool = False
    ) -> bool:
        return await prove(field)


class FakeWaiting:
    """Alice has one message that waits."""

    async def count(self, account: AccountId) -> int:
        return 1


@contextlib.asynccontextmanager
async def submission(
    limits: SmtpLimits, tls: ServerTls, settings: Submission | None = None, identity: FakeIdentity | None = None
) -> AsyncIterator[Mx]:
    recipients, delivery = FakeRecipients(), FakeDelivery()
    late: list[SubmissionDeps] = []
    async with serving(lambda conn: serve_submission(conn, late[0]), tls=tls) as world:
        assert isinstance(world.clock, FixedClock)
        late.append(
            SubmissionDeps(
                recipients=recipients,
                delivery=delivery,
                events=world.recorder,
                clock=world.clock,
                random=Zeros(),
                limits=limits,
                hostname=HOSTNAME,
                identity=identity or FakeIdentity(),
                rights=FakeRights(),
                inspector=LocalInspector(),
                sending=LocalLimits(LimitTable(world.clock)),
                waiting=FakeWaiting(),
                sessions=NoSessions(),
                settings=settings or Submission(messages_per_hour=3, recipients_per_hour=4, priority_max=4),
            )
        )
        served = Mx(world, recipients, delivery)
        try:
            yield served
        finally:
            await served.close()
