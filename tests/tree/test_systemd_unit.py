"""packaging/skrytka.service fits the code, and stays as closed as docs/admin.md says."""

import re
import subprocess
from pathlib import Path

import pytest

from skrytka.cli.main import EXIT_CONFIG, EXIT_REFUSED, EXIT_USAGE
from skrytka.daemon.layout import Layout
from skrytka.daemon.supervisor import DRAIN_GRACE_S, DRAIN_S, STORE_DRAIN_S
from tests.support.systemd_unit import UNIT, values
from tests.support.tree import DOCS

EXPOSURE = re.compile(r"Overall exposure level for skrytka\.service: (\d+\.\d)")
EXPOSURE_MAX = 2.5  # of 10; a web server as distributions ship it has above 9


def test_it_writes_where_the_server_does_and_nowhere_else() -> None:
    (setting,) = (value for value in values("Environment") if value.startswith("SKRYTKA_DIR="))
    root = Path(setting.partition("=")[2])
    assert [Path(text) for text in values("ReadWritePaths")] == list(Layout(root).writable)
    assert values("RequiresMountsFor") == [str(root)]


def test_what_another_start_cannot_mend_is_not_started_again() -> None:
    assert [int(text) for text in values("RestartPreventExitStatus")] == [EXIT_USAGE, EXIT_CONFIG, EXIT_REFUSED]


def test_a_drain_is_not_cut_short() -> None:
    (seconds,) = values("TimeoutStopSec")
    assert int(seconds) > DRAIN_S + DRAIN_GRACE_S + STORE_DRAIN_S


@pytest.mark.needs("systemd-analyze")
def test_its_exposure_is_what_the_guide_says() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    match = EXPOSURE.search(done.stdout)
    assert match is not None, done.stderr
    assert float(match[1]) <= EXPOSURE_MAX
    assert f"exposure {match[1]}" in (DOCS / "admin.md").read_text(encoding="utf-8")
    assert "Unknown key" not in done.stderr
