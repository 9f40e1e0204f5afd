from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _open_memory() -> Iterator[None]:
    """The process that runs the tests holds no keys worth sealing, and stays open to debuggers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skrytka.daemon.prepare.seal_memory", lambda: None)
        patch.setattr("skrytka.daemon.offline.seal_memory", lambda: None)
        yield
