"""The store of the tests of mail."""

from tests.unit.mail.conftest import world

__all__ = ["world"]
