"""What a submission session is given beside what every SMTP session has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from skrytka.inspect.inspector import Inspector
from skrytka.mail.identity.controls import Controls
from skrytka.mail.identity.login import Login
from skrytka.model.address import Address
from skrytka.model.ids import AccountId
from skrytka.model.settings import Login as LoginSettings
from skrytka.model.settings import Submission
from skrytka.net.facts import ConnFacts
from skrytka.net.limits import SharedLimits
from skrytka.servers.mx_deps import SmtpDeps
from skrytka.servers.sasl import Identity as SaslIdentity


class Identity(SaslIdentity, Protocol):
    """Proof of who somebody is (``mail.identity.login.Identity``)."""

    async def is_still_valid(self, login: Login, facts: ConnFacts) -> bool:
        """Whether the session may go on: not after a suspension, a new password or a removal."""
        ...

    async def controls(self, login: Login) -> Controls | None:
        """What the account's own control says now."""
        ...


class Sessions(Protocol):
    """Who is told when the login of an open session may have ended (``mail.identity.open_sessions.OpenSessions``)."""

    def add(self, account: AccountId, wake: Callable[[], None]) -> Callable[[], None]:
        """``wake()`` is called then; the result takes it back."""
        ...


class Rights(Protocol):
    """Which addresses are somebody's (``mail.identity.rights.SenderRights``)."""

    async def may_send_as(self, login: Login, address: Address) -> bool: ...

    async def may_send_on_behalf(self, login: Login, address: Address) -> bool:
        """Whether From may have the address, if Sender is his own."""
        ...

    async def are_proven(
        self, login: Login, field: bytes, prove: Callable[[bytes], Awaitable[bool]], *, is_on_behalf: bool = False
    ) -> bool:
        """Whether ``prove`` finds all addresses of the field to be the account's, or has since the last change."""
        ...


class Waiting(Protocol):
    """Mail that waits for its time (``mail.queue.waiting.WaitingMail``)."""

    async def count(self, account: AccountId) -> int:
        """How many messages of an account."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionDeps(SmtpDeps):
    """Everything ``serve_submission`` needs."""

    identity: Identity
    rights: Rights
    inspector: Inspector
    sending: SharedLimits
    waiting: Waiting
    sessions: Sessions
    login: LoginSettings = field(default_factory=LoginSettings)
    settings: Submission = field(default_factory=Submission)
