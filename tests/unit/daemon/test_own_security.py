from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from skrytka.daemon.layout import Layout
from skrytka.daemon.own_security import own_security
from skrytka.model.settings import Listener, Listeners, Settings


@pytest.mark.parametrize(("is_demo", "host"), [(False, "mail.example.test"), (True, "localhost")])
def test_passkeys_are_for_the_host_of_the_pages(tmp_path: Path, is_demo: bool, host: str) -> None:
    base: Any = Mock(layout=Layout(tmp_path))  # nothing of it is asked while it is composed
    listeners = Listeners(web=Listener(port=8443))
    settings = Settings(version=1, hostname="Mail.example.test", is_demo=is_demo, listeners=listeners)
    own = own_security(base, settings, Mock(), Mock())
    web = own.factors.web
    assert (web._rp_id, web._origins) == (host, frozenset({f"https://{host}:8443"}))
    assert own.factors.deps.is_demo is is_demo
    assert own.changes.minimum(has_mfa=False) == 15
