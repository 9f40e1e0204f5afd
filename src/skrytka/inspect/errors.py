"""What a front is told when an inspector could not do its work."""

from skrytka.model.errors import PermanentError, Reason


class PoisonedMessageError(PermanentError):
    """Two inspectors died of this message, the second one fresh: it goes to quarantine, never to a third."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.POISONED, detail)


class HostileAnswerError(Exception):
    """An inspector answered what none of ours would: it is ended, and that counts as its death."""
