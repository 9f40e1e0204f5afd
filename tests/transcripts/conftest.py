"""What some transcripts play against."""

from tests.unit.mail.conftest import world

__all__ = ["world"]
