"""What attacks are seen by: the counters of ``sightings``, and how they outlive the supervisor.

:meth:`Counted.kept` gives them as plain rows, :meth:`Counted.restore` takes them back; times are seconds of the clock
that the rules count by, which has to go on where it stopped (``daemon.counters``).
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec

from skrytka.mail.identity.attacks.counting import Bounded, Count, KeptName, Leak, Seconds, Seen
from skrytka.mail.identity.attacks.words import Act
from skrytka.model.settings import Attacks

SOURCES_MAX: Final = 20_000  # addresses and networks each; some 5 KB each at worst
ACCOUNTS_MAX: Final = 20_000  # beside those that have failed often, which only their like push out
NAMES_MAX: Final = 32  # of one source: a rule asks for fewer
GUARDS_MAX: Final = 40_000  # that stand at a time
DELAYS_MAX: Final = 10_000  # pairs of account and network that wait before a try
KEPT_MAX: Final = 5_000  # of each table, those that were used last: what a restart must not forget
OFTEN: Final = 10  # failures in a row from which an account is kept apart


class KeptSource(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="source"):
    """One :class:`Source`."""

    kind: Literal["host", "network"]
    key: str
    fails: Count
    strikes: Annotated[int, msgspec.Meta(ge=0, le=64)]
    refused_s: Seconds
    told_s: Seconds
    burst: tuple[Seconds, Seconds]
    slow: tuple[Seconds, Seconds]
    names: tuple[KeptName, ...]


class KeptAccount(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="account"):
    """One :class:`Account`."""

    name: str
    failures: tuple[tuple[str, Count], ...]
    networks: tuple[KeptName, ...]
    told_s: Seconds


class KeptGuard(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="guard"):
    """What stands, until when."""

    act: Act
    key: str
    until_s: Seconds


class KeptDelay(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="delay"):
    """How often an account failed from a network, and when last."""

    key: str
    at_s: Seconds
    count: Count


class KeptAll(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="all"):
    """What is counted over all sources."""

    tried: tuple[KeptName, ...]
    tried_from: tuple[KeptName, ...]
    right_too: tuple[KeptName, ...]
    stuffing_told_s: Seconds


Kept = KeptSource | KeptAccount | KeptGuard | KeptDelay | KeptAll


class Source:
    """One address or network."""

    __slots__ = ("burst", "fails", "names", "refused_s", "slow", "strikes", "told_s")

    def __init__(self) -> None:
        self.burst = Leak()
        self.slow = Leak()
        self.names = Seen(NAMES_MAX)
        self.fails = 0
        self.strikes = 0
        self.refused_s = 0.0
        self.told_s = 0.0

    def kept(self, kind: Literal["host", "network"], key: str) -> KeptSource:
        """As a row."""
        return KeptSource(
            kind, key, self.fails, self.strikes, self.refused_s, self.told_s,
            (self.burst.level, self.burst.at_s), (self.slow.level, self.slow.at_s), self.names.kept(),
        )  # fmt: skip

    def restore(self, row: KeptSource) -> None:
        """From a row."""
        self.fails, self.strikes = row.fails, row.strikes
        self.refused_s, self.told_s = row.refused_s, row.told_s
        self.burst.level, self.burst.at_s = row.burst
        self.slow.level, self.slow.at_s = row.slow
        self.names.restore(row.names)


class Account:
    """One name: failures in a row for each budget, and the networks they came from."""

    __slots__ = ("failures", "networks", "told_s")

    def __init__(self) -> None:
        self.failures: OrderedDict[str, int] = OrderedDict()
        self.networks = Seen(NAMES_MAX)
        self.told_s = 0.0

    @property
    def is_often(self) -> bool:
        """Whether it is kept apart."""
        return max(self.failures.values(), default=0) >= OFTEN


class Counted:
    """All counters, in bounded memory."""

    def __init__(self, settings: Attacks) -> None:
        self.hosts = Bounded(Source, SOURCES_MAX)
        self.networks = Bounded(Source, SOURCES_MAX)
        self.accounts = Bounded(Account, ACCOUNTS_MAX)
        self.often = Bounded(Account, ACCOUNTS_MAX)
        self.tried = Seen(4 * settings.stuffing_names)  # over all sources
        self.tried_from = Seen(4 * settings.stuffing_networks)
        self.right_too = Seen(4 * settings.stuffing_names)  # strangers who were
        self.stuffing_told_s = float("-inf")
        self.standing: OrderedDict[tuple[Act, str], float] = OrderedDict()  # until when
        self.delays: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self.changes = 0

    def account(self, name: str) -> Account:
        """Who has failed often is kept apart, where a flood of other names does not push it out."""
        if (often := self.often.find(name)) is not None:
            return often
        account = self.accounts.of(name)
        if not account.is_often:
            return account
        kept = self.often.of(name)
        kept.failures, kept.networks, kept.told_s = account.failures, account.networks, account.told_s
        self.accounts.drop(name)
        return kept

    def stand(self, act: Act, key: str, until_s: float) -> None:
        """Until then; beyond so many the oldest goes."""
        self.standing[act, key] = until_s
        self.standing.move_to_end((act, key))
        while len(self.standing) > GUARDS_MAX:  # one by one: all at once would take a fifth of a second
            self.standing.popitem(last=False)

    def delay(self, key: str, now_s: float, kept_s: float) -> None:
        """One more failure of an account from a network."""
        at_s, count = self.delays.pop(key, (now_s, 0))
        self.delays[key] = (now_s, 1 if now_s - at_s >= kept_s else count + 1)
        if len(self.delays) > DELAYS_MAX:
            self.delays.popitem(last=False)

    # -- beyond the end of the process ----------------------------------------------------------------------------

    def kept(self, now_s: float) -> Iterator[Kept]:
        """Rows of what may count still, in each table the newest last; it may change between two of them."""
        tried, froms, right = self.tried.kept(), self.tried_from.kept(), self.right_too.kept()
        yield KeptAll(tried, froms, right, max(self.stuffing_told_s, 0.0))
        for (act, key), until_s in list(self.standing.items()):
            if until_s > now_s:
                yield KeptGuard(act, key, until_s)
        for key, (at_s, count) in list(self.delays.items()):
            yield KeptDelay(key, at_s, count)
        yield from _sources("host", self.hosts)
        yield from _sources("network", self.networks)
        yield from _accounts(self.accounts)
        yield from _accounts(self.often)

    def restore(self, row: Kept) -> None:
        """One of them, in the same order."""
        match row:
            case KeptAll():
                self.tried.restore(row.tried)
                self.tried_from.restore(row.tried_from)
                self.right_too.restore(row.right_too)
                self.stuffing_told_s = row.stuffing_told_s or float("-inf")
            case KeptGuard():
                self.stand(row.act, row.key, row.until_s)
            case KeptDelay():
                self.delays[row.key] = (row.at_s, row.count)
            case KeptSource():
                (self.hosts if row.kind == "host" else self.networks).of(row.key).restore(row)
            case KeptAccount():
                self._restore_account(row)

    def _restore_account(self, row: KeptAccount) -> None:
        account = Account()
        account.failures.update(row.failures[-NAMES_MAX:])
        account.networks.restore(row.networks)
        account.told_s = row.told_s
        (self.often if account.is_often else self.accounts).put(row.name, account)


def _sources(kind: Literal["host", "network"], table: Bounded[Source]) -> Iterator[KeptSource]:
    for key in table.newest(KEPT_MAX):
        if (source := table.find(key)) is not None:
            yield source.kept(kind, key)


def _accounts(table: Bounded[Account]) -> Iterator[KeptAccount]:
    for name in table.newest(KEPT_MAX):
        if (account := table.find(name)) is not None:
            yield KeptAccount(name, tuple(account.failures.items()), account.networks.kept(), account.told_s)
