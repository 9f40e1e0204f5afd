"""The event log: files by day and class, hash chains by process, signed checkpoints, an index (design section 8)."""

from skrytka.store.events.checkpoint import CheckpointSigner
from skrytka.store.events.index import EventIndex, FoundEvent
from skrytka.store.events.verify import Report, verify
from skrytka.store.events.writer import EventWriter

__all__ = ["CheckpointSigner", "EventIndex", "EventWriter", "FoundEvent", "Report", "verify"]
