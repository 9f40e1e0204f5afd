"""Which TLS the sessions of some days had: how many of each service, and who is still behind; pure counting."""

from collections import Counter
from enum import StrEnum
from typing import Final, Literal

import msgspec

PEERS_MAX: Final = 10_000  # told apart; what comes behind them is counted together
NAMES_MAX: Final = 5
Direction = Literal["in", "out"]


class Grade(StrEnum):
    """What a session had."""

    NEW = "new"  # TLS 1.3
    AGING = "aging"  # TLS 1.2 with forward secrecy and AEAD (RFC 9325 4.2)
    WEAK = "weak"  # anything else under TLS
    CLEAR = "clear"


def grade_of(version: str, cipher: str) -> Grade:
    """In OpenSSL's words; no version is no TLS."""
    if not version:
        return Grade.CLEAR
    if version == "TLSv1.3":
        return Grade.NEW
    is_good = cipher.startswith("ECDHE-") and ("-GCM-" in cipher or "CHACHA20" in cipher)
    return Grade.AGING if version == "TLSv1.2" and is_good else Grade.WEAK


class ServiceUse(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of one service, or of mail that leaves ("outbound")."""

    direction: Direction
    service: str
    sessions: int
    grades: dict[Grade, int]
    kinds: dict[str, int]  # "TLSv1.3 TLS_AES_256_GCM_SHA384" -> sessions, "" in clear
    encrypted_percent: float
    failed: int = 0  # besides these, for TLS that did not come about as it had to (RFC 8460 4.3)
    verified: int = 0  # of these, with a server that has proven who it is


class PeerUse(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is not at TLS 1.3."""

    direction: Direction
    service: str
    peer: str  # address of a client, host of a server
    grade: Grade
    tls: str
    count: int  # sessions; messages where a client on port 25 is meant
    last_at: str
    names: tuple[str, ...] = ()  # accounts, HELO names, domains


class TlsUse(msgspec.Struct, frozen=True, kw_only=True):
    """Some days together; peers with the weakest first, then by number."""

    services: tuple[ServiceUse, ...]
    peers: tuple[PeerUse, ...]
    others: int  # sessions of peers that are not told apart any more


class _Peer:
    __slots__ = ("count", "last_at", "names")

    def __init__(self) -> None:
        self.count, self.last_at = 0, ""
        self.names: dict[str, None] = {}


PeerKey = tuple[Direction, str, str, Grade, str]
_ORDER: Final = {Grade.CLEAR: 0, Grade.WEAK: 1, Grade.AGING: 2, Grade.NEW: 3}


class Usage:
    """Takes sessions in any order, in bounded memory."""

    def __init__(self, peers_max: int = PEERS_MAX) -> None:
        self._peers_max = peers_max
        self._kinds: dict[tuple[Direction, str], Counter[str]] = {}
        self._failed: Counter[tuple[Direction, str]] = Counter()
        self._verified: Counter[tuple[Direction, str]] = Counter()
        self._peers: dict[PeerKey, _Peer] = {}
        self._others = 0

    def add_session(self, direction: Direction, service: str, tls: str, *, is_verified: bool = False) -> None:
        """One session; ``tls`` is version and suite, "" in clear."""
        key = direction, service
        self._kinds.setdefault(key, Counter())[tls] += 1
        self._verified[key] += is_verified

    def add_failure(self, direction: Direction, service: str) -> None:
        """A session that did not come about for its TLS."""
        key = direction, service
        self._kinds.setdefault(key, Counter())
        self._failed[key] += 1

    def add_peer(self, direction: Direction, service: str, peer: str, tls: str, at: str) -> PeerKey | None:
        """Somebody's session or message; None for TLS 1.3, and where there are too many to be told apart."""
        grade = grade_of(*_halves(tls))
        if grade is Grade.NEW:
            return None
        key = direction, service, peer, grade, tls
        found = self._peers.get(key)
        if found is None:
            if len(self._peers) >= self._peers_max:
                self._others += 1
                return None
            found = self._peers[key] = _Peer()
        found.count += 1
        found.last_at = max(found.last_at, at)
        return key

    def name(self, key: PeerKey, name: str) -> None:
        """What else is known of who that was."""
        names = self._peers[key].names
        if name and len(names) < NAMES_MAX:
            names[name] = None

    def result(self) -> TlsUse:
        services = sorted(self._kinds.items())
        peers = sorted(self._peers.items(), key=lambda item: (_ORDER[item[0][3]], -item[1].count, item[0]))
        return TlsUse(
            services=tuple(self._service(key, kinds) for key, kinds in services),
            peers=tuple(
                PeerUse(
                    direction=direction,
                    service=service,
                    peer=peer,
                    grade=grade,
                    tls=tls,
                    count=found.count,
                    last_at=found.last_at,
                    names=tuple(found.names),
                )
                for (direction, service, peer, grade, tls), found in peers
            ),
            others=self._others,
        )

    def _service(self, key: tuple[Direction, str], kinds: Counter[str]) -> ServiceUse:
        grades: Counter[Grade] = Counter()
        for tls, count in kinds.items():
            grades[grade_of(*_halves(tls))] += count
        total = kinds.total()
        return ServiceUse(
            direction=key[0],
            service=key[1],
            sessions=total,
            grades={grade: grades[grade] for grade in Grade},
            kinds=dict(sorted(kinds.items())),
            encrypted_percent=round(100 * (total - grades[Grade.CLEAR]) / total, 1) if total else 0.0,
            failed=self._failed[key],
            verified=self._verified[key],
        )


def _halves(tls: str) -> tuple[str, str]:
    version, _, rest = tls.partition(" ")
    return version, rest.partition(" ")[0]
