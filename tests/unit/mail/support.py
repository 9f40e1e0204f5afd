"""What tests of mail share: randomness that repeats, a recorder of events, a peer."""

import msgspec

from skrytka.model.events import Event


class CountingRandom:
    """Never the same bytes twice, always the same in each run."""

    def __init__(self) -> None:
        self._count = 0

    def token(self, length: int) -> bytes:
        self._count += 1
        return (self._count.to_bytes(4, "big") * (length // 4 + 1))[-length:]


class Recorder:
    """An emitter that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


class PeerFacts(msgspec.Struct, frozen=True):
    """Facts of a connection, as far as mail asks for them."""

    service: str = "imaps"
    remote: str = "192.0.2.7"
    network: str = "192.0.2.0/24"
    is_exempt: bool = False
    program: str = ""
