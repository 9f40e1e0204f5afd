"""An event log that only counts."""

from collections import Counter

from skrytka.model.events import Event


class CountingLog:
    """``daemon.event_log.EventLog`` in memory."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.events: list[Event] = []
        self.is_failing = False

    def emit(self, event: Event) -> None:
        self.counts[type(event).__name__] += 1
        self.events.append(event)

    async def flush(self) -> None:
        return

    def heads(self) -> dict[str, tuple[int, str]]:
        return {"test.chain": (len(self.events), "00")} if self.events else {}
