"""The only holder of the master key: opens the key ring for children that ask, counts them, raises an alarm.

An alarm never stops delivery (design section 4): a busy hour looks like a thief until somebody has looked.
"""

from collections import deque

from skrytka.daemon.messages import Failed, Key, KeyRequest, Message
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import Emitter, KeyAlarm, KeyRequested
from skrytka.model.ids import AccountId
from skrytka.store.seal.ring import COUNTERS_SUBJECT, LATER_SUBJECTS, NODE_SUBJECTS, KeyRing, account_subject

ALARM_ACCOUNTS = 500  # distinct accounts of one process within a minute
ALARM_WINDOW_S = 60.0
_OF_NODE = frozenset(NODE_SUBJECTS + LATER_SUBJECTS) - {COUNTERS_SUBJECT}
_ACCOUNT = "account:"


class KeyAgent:
    """Answers for the key ring; runs in the supervisor."""

    def __init__(self, ring: KeyRing, clock: Clock, events: Emitter, *, alarm_accounts: int = ALARM_ACCOUNTS) -> None:
        self._ring = ring
        self._clock = clock
        self._events = events
        self._alarm_accounts = alarm_accounts
        self._asked: dict[str, _Asked] = {}
        self.requests = 0

    def answer(self, kind: str, request: KeyRequest) -> Message:
        """Key or Failed, for the process of that kind ("front-1")."""
        self.requests += 1
        try:
            return Key(call=request.call, key=self._key(kind, request))
        except ReasonedError as exc:
            is_transient = isinstance(exc, TransientError)
            return Failed(call=request.call, reason=exc.reason.value, detail=exc.detail, is_transient=is_transient)

    def _key(self, kind: str, request: KeyRequest) -> bytes:
        account = parse_account(request.subject)
        if account is None:
            if request.subject not in _OF_NODE:
                raise PermanentError(Reason.KEY_UNAVAILABLE, "no such subject")
            return self._ring.node(request.subject).reveal()
        if request.is_new:
            self._ring.ensure(account_subject(account))
        secret = self._ring.get(request.subject)
        self._count(kind, account)
        return secret.reveal()

    def _count(self, kind: str, account: AccountId) -> None:
        self._events.emit(KeyRequested(process=kind, account=account))
        accounts = self._asked.setdefault(kind, _Asked()).add(account, self._clock.monotonic_s())
        if accounts == self._alarm_accounts:
            self._events.emit(KeyAlarm(process=kind, accounts=accounts))


def parse_account(subject: str) -> AccountId | None:
    """The account of ``account:<id>``; None for any other text."""
    digits = subject.removeprefix(_ACCOUNT)
    if digits is subject or not (digits.isascii() and digits.isdecimal()) or len(digits) > 19:
        return None
    return AccountId(int(digits)) if subject == account_subject(AccountId(int(digits))) else None


class _Asked:
    """Distinct accounts that one process asked for within the last minute."""

    def __init__(self) -> None:
        self._order: deque[tuple[float, AccountId]] = deque()
        self._counts: dict[AccountId, int] = {}

    def add(self, account: AccountId, now_s: float) -> int:
        while self._order and self._order[0][0] <= now_s - ALARM_WINDOW_S:
            _at_s, old = self._order.popleft()
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]
        self._order.append((now_s, account))
        self._counts[account] = self._counts.get(account, 0) + 1
        return len(self._counts)
