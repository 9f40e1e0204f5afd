from pathlib import Path

import pytest

from skrytka.daemon.layout import Layout
from skrytka.daemon.outside import _password, outside
from skrytka.model.clock import FixedClock
from skrytka.model.errors import TransientError
from skrytka.model.settings import OutsideDirectory, Settings
from skrytka.store.system import SystemRandom


def test_there_is_one_where_servers_are_named(tmp_path: Path) -> None:
    none = Settings(version=1, hostname="mail.example.test")
    assert outside(none, Layout(tmp_path), FixedClock(), SystemRandom()) is None
    named = Settings(
        version=1, hostname="mail.example.test", directory=OutsideDirectory(urls=("ldaps://dc.example.org",))
    )
    assert outside(named, Layout(tmp_path), FixedClock(), SystemRandom()) is not None


def test_the_password_is_the_first_line_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    with pytest.raises(TransientError):
        _password(path)
    path.write_bytes(b"secret\nrest\n")
    assert _password(path).reveal() == b"secret"
    path.write_bytes(b"")
    assert _password(path).reveal() == b""
    assert _password(None).reveal() == b""
