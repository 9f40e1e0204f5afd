import asyncio
import re
import stat
from pathlib import Path

import pytest
import yaml

from skrytka.daemon import config, demo, installation
from skrytka.daemon.demo import make, ports_from
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import FolderLock
from skrytka.daemon.offline import offline
from skrytka.mail.admin.dkim import DkimRecord
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.authority import VALID_DAYS
from skrytka.net.dns.zone import StaticZone
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations

KEY = "s1._domainkey.example.test"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Accounts are not really made; who would have been."""
    made: list[dict[str, str]] = []

    def add(_layout: Layout, accounts: dict[str, str]) -> list[DkimRecord]:
        made.append(accounts)
        return [DkimRecord(name=KEY, text="v=DKIM1; k=rsa; p=MIIB", selector="s1")]

    monkeypatch.setattr(demo, "_add_accounts", add)
    return made


def run(root: Path, port_base: int | None = None) -> demo.Made:
    return make(root, port_base, SystemClock(), SystemRandom())


def test_the_folder_is_a_real_installation(tmp_path: Path, quick: list[dict[str, str]]) -> None:
    made = run(tmp_path / "demo")
    settings = config.load(Path(made.config)).settings
    assert settings.is_demo
    assert settings.user is None
    assert settings.exempt_networks == ("127.0.0.1/32",)
    assert made.ports == {
        "smtp": 20025,
        "submission": 20587,
        "submissions": 20465,
        "imap": 20143,
        "imaps": 20993,
        "http": 20080,
        "https": 20443,
        "api": 28443,
        "web": 28442,
    }
    assert settings.listeners.imaps.port == 20993
    assert stat.S_IMODE((tmp_path / "demo/demo.json").stat().st_mode) == 0o600
    assert quick == [made.accounts]
    assert sorted(made.accounts) == [f"{name}@example.test" for name in ("admin", "alice", "bob", "carol")]


def test_a_second_time_everything_stays(tmp_path: Path, quick: list[dict[str, str]]) -> None:
    first = run(tmp_path / "demo", 31000)
    before = (tmp_path / "demo/skrytka.toml").read_text(), (tmp_path / "demo/keys/tls/server.pem").read_bytes()
    assert run(tmp_path / "demo") == first
    after = (tmp_path / "demo/skrytka.toml").read_text(), (tmp_path / "demo/keys/tls/server.pem").read_bytes()
    assert after == before
    assert len(quick) == 1


def test_a_folder_that_was_moved_knows_its_new_place(tmp_path: Path, quick: list[dict[str, str]]) -> None:
    first = run(tmp_path / "demo")
    (tmp_path / "demo").rename(tmp_path / "moved")
    moved = run(tmp_path / "moved")
    assert moved.config == str(tmp_path / "moved" / "skrytka.toml")
    assert Path(moved.ca).is_file()
    assert (moved.ports, moved.accounts) == (first.ports, first.accounts)
    assert len(quick) == 1


def test_other_ports_are_all_that_changes(tmp_path: Path, quick: list[dict[str, str]]) -> None:
    first = run(tmp_path / "demo", 31000)
    path = tmp_path / "demo/skrytka.toml"
    path.write_text(path.read_text() + "\n[login]\nwindow_s = 5 # mine\n")
    second = run(tmp_path / "demo", 0)
    assert second.ports == {
        "smtp": 25,
        "submission": 587,
        "submissions": 465,
        "imap": 143,
        "imaps": 993,
        "http": 80,
        "https": 443,
        "api": 8443,
        "web": 8442,
    }
    assert second.accounts == first.accounts
    assert config.load(path).settings.listeners.smtp.port == 25
    assert "window_s = 5 # mine" in path.read_text()


@pytest.mark.usefixtures("quick")
def test_a_demo_of_an_older_skrytka_gets_the_new_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(demo, "STANDARD_PORTS", {"smtp": 25, "imap": 143})
        assert set(run(tmp_path / "demo", 31000).ports) == {"smtp", "imap"}
    assert run(tmp_path / "demo").ports == ports_from(31000)
    settings = config.load(tmp_path / "demo/skrytka.toml").settings
    assert settings.listeners.imaps.port == 31993
    assert settings.listeners.imaps.addresses == ("127.0.0.1",)


@pytest.mark.usefixtures("quick")
def test_a_certificate_near_its_end_is_replaced(tmp_path: Path) -> None:
    run(tmp_path / "demo")
    before = (tmp_path / "demo" / installation.CERTIFICATE).read_bytes()
    later = FixedClock(now_ms=SystemClock().now_ms())
    later.advance((VALID_DAYS - 29) * 86400)
    make(tmp_path / "demo", None, later, SystemRandom())
    assert (tmp_path / "demo" / installation.CERTIFICATE).read_bytes() != before


def test_an_installation_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    installations.make(tmp_path / "s")
    with pytest.raises(PermanentError) as caught:
        run(tmp_path / "s")
    assert caught.value.reason is Reason.ALREADY_EXISTS


def test_a_demo_that_was_cut_short_is_made_anew(
    tmp_path: Path, quick: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermanentError(Reason.STORE_DOWN)

    with monkeypatch.context() as patch:
        patch.setattr(demo, "_add_accounts", fail)
        with pytest.raises(PermanentError):
            run(tmp_path / "demo")
    run(tmp_path / "demo")
    assert len(quick) == 1
    assert not Layout(tmp_path / "demo").incomplete.exists()


@pytest.mark.parametrize("base", [-1, 65535 - 8443 + 1])
def test_a_base_that_leads_beyond_the_ports_is_refused(base: int) -> None:
    with pytest.raises(PermanentError) as caught:
        ports_from(base)
    assert caught.value.reason is Reason.BAD_SYNTAX


async def test_the_zone_has_what_was_promised() -> None:
    zone = yaml.safe_load(demo.ZONE)
    kinds = {name: [kind for record in records for kind in record] for name, records in zone.items()}
    assert kinds["example.net"] == ["MX", "TXT", "A"]
    assert kinds["1.0.0.127.in-addr.arpa"] == ["PTR"]
    assert {"TXT": "v=spf1 ip4:127.0.0.1 -all"} in zone["example.net"]
    static = StaticZone.parse(demo.ZONE)
    assert (await static.query("example.net", "MX")).records
    assert (await static.query("1.0.0.127.in-addr.arpa", "PTR")).records
    assert not (await static.query("example.com", "A")).records


def test_a_demo_that_runs_is_left_alone(tmp_path: Path, quick: list[dict[str, str]]) -> None:
    run(tmp_path / "demo")
    layout = Layout(tmp_path / "demo")
    before = layout.config.read_bytes(), layout.demo_json.read_bytes()
    lock = FolderLock.take(layout.lock)
    try:
        with pytest.raises(TransientError, match="in use by process"):
            run(tmp_path / "demo", 31000)
    finally:
        lock.close()
    assert (layout.config.read_bytes(), layout.demo_json.read_bytes()) == before
    assert len(quick) == 1


async def test_its_domain_publishes_its_keys_and_that_of_an_older_skrytka_too(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    await asyncio.to_thread(run, root)
    zone = (root / "zone.yml").read_text()
    names = re.findall(r"^(s\d{8}[re]\._domainkey\.example\.test):$", zone, re.MULTILINE)
    assert len(names) == 2
    (root / "zone.yml").write_text(demo.ZONE)
    await asyncio.to_thread(run, root)
    assert (root / "zone.yml").read_text() == zone
    async with offline(Layout(root)) as deps:
        assert {info.dns for info in await deps.admin.dkim.show("example.test")} == {"yes"}
