from pathlib import Path

from skrytka.daemon.layout import Layout
from skrytka.daemon.store_check import StoreCheck
from skrytka.store.open import open_local
from skrytka.store.system import SystemClock


async def test_a_sound_store_has_no_difference(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    await open_local(layout.store, SystemClock()).close()
    told: list[str] = []

    async def progress(text: str) -> None:
        told.append(text)

    report = await StoreCheck(layout)(progress)
    assert report.count == 0
    assert "blob files" in report.rules
    assert len(told) == 1
