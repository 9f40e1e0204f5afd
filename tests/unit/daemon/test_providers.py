from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrytka.daemon.layout import Layout
from skrytka.daemon.providers import _secret, providers
from skrytka.model.clock import FixedClock
from skrytka.model.errors import TransientError
from skrytka.model.settings import Provider, Settings
from skrytka.net.sweeper import Sweeper
from skrytka.store.system import SystemRandom


def test_there_are_those_that_the_settings_name(tmp_path: Path) -> None:
    base: Any = SimpleNamespace(layout=Layout(tmp_path), clock=FixedClock(), random=SystemRandom())
    one = Provider(name="corp", issuer="https://login.example.org", client_id="skrytka", domains=("example.org",))
    settings = Settings(version=1, hostname="mail.example.test", providers=(one,))
    (made,) = providers(base, settings, Sweeper(FixedClock()))
    assert made.settings is one


def test_the_secret_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    read = _secret(path)
    with pytest.raises(TransientError):
        read()
    for text in (b"one\n", b"two"):
        path.write_bytes(text)
        secret = read()
        assert secret is not None
        assert secret.reveal() == text.strip()
    assert _secret(None)() is None
