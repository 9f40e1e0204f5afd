import pytest

from skrytka.mail.identity.attacks import homes as module
from skrytka.mail.identity.attacks.homes import KEPT_S, STRANGE_S, Homes, Kind, place_mac
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.store.sql.places import PlaceRow

KEY = Secret(b"k" * 32)
ANN = "ann@example.org"
HOME = "192.0.2.0/24"


class Rows:
    """A store that answers what it is told."""

    def __init__(self) -> None:
        self.rows: list[PlaceRow] = []
        self.reads = 0
        self.is_down = False

    async def read(self, query: object) -> list[PlaceRow]:
        self.reads += 1
        if self.is_down:
            raise TransientError(Reason.STORE_DOWN)
        return self.rows

    def has(self, network: str, address: str = ANN) -> None:
        self.rows.append(PlaceRow("network", place_mac(KEY, address, Kind.NETWORK, network), 0, 0))


@pytest.fixture
def rows() -> Rows:
    return Rows()


def made(rows: Rows) -> tuple[Homes, FixedClock]:
    clock = FixedClock()
    return Homes(rows, KEY, clock), clock  # type: ignore[arg-type]


def test_a_place_is_known_for_one_account_only() -> None:
    macs = {place_mac(KEY, name, kind, "PL") for name in (ANN, "bob@example.org") for kind in Kind}
    assert len(macs) == 8
    assert place_mac(Secret(b"x" * 32), ANN, Kind.NETWORK, "PL") not in macs
    assert len(place_mac(KEY, "\ud800", Kind.NETWORK, "PL")) == 16


async def test_at_home_is_answered_from_memory(rows: Rows) -> None:
    rows.has(HOME)
    homes, clock = made(rows)
    assert [await homes.has(ANN, HOME) for _ in range(3)] == [True] * 3
    assert rows.reads == 1
    clock.advance(KEPT_S)
    assert await homes.has(ANN, HOME)
    assert rows.reads == 2


async def test_a_stranger_and_nobody_cost_the_same_reads(rows: Rows) -> None:
    homes, clock = made(rows)
    for name in (ANN, "nobody@example.org"):
        rows.reads = 0
        assert not await homes.has(name, HOME)
        assert not await homes.has(name, HOME)
        assert rows.reads == 1
    clock.advance(STRANGE_S)
    rows.has(HOME)  # another front has seen him
    assert await homes.has(ANN, HOME)


async def test_who_logs_in_is_at_home_at_once_and_can_be_forgotten(rows: Rows) -> None:
    homes, _clock = made(rows)
    homes.add(ANN, HOME)
    assert await homes.has(ANN, HOME)
    homes.forget(ANN)
    assert not await homes.has(ANN, HOME)


async def test_while_the_store_is_away_what_is_known_holds(rows: Rows) -> None:
    homes, clock = made(rows)
    homes.add(ANN, HOME)
    rows.is_down = True
    clock.advance(2 * KEPT_S)
    assert await homes.has(ANN, HOME)
    assert not await homes.has("bob@example.org", HOME)
    with pytest.raises(TransientError):
        await homes.rows(ANN)


async def test_memory_is_bounded(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN_MAX", 2)
    homes, _clock = made(rows)
    for number in range(3):
        await homes.has(f"u{number}@example.org", HOME)
    rows.reads = 0
    await homes.has("u2@example.org", HOME)
    await homes.has("u0@example.org", HOME)
    assert rows.reads == 1
