from pathlib import Path

import pytest
import tomlkit

from skrytka.daemon.config import ConfigError
from skrytka.daemon.config_files import certificate_files, check_files
from tests.support import installations
from tests.support.mmdb import mmdb


@pytest.fixture
def path(tmp_path: Path) -> Path:
    installations.make(tmp_path / "s", is_demo=False)
    return tmp_path / "s" / "skrytka.toml"


def faults(path: Path) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        check_files(path)
    return {fault.key: fault.message for fault in caught.value.faults}


def change(path: Path, table: str, key: str, value: object) -> None:
    document = tomlkit.parse(path.read_text())
    place = document.setdefault(table, tomlkit.table()) if table else document
    place[key] = value
    path.write_text(tomlkit.dumps(document))


def test_a_fresh_installation_has_no_mistake(path: Path) -> None:
    config = check_files(path)
    (files,) = certificate_files(config.layout.root, config.settings)
    assert files.key == path.parent / "keys/tls/server.key"


def test_a_certificate_that_is_not_there_is_told_with_its_key(path: Path) -> None:
    (path.parent / "keys/tls/server.pem").unlink()
    assert "cannot be read" in faults(path)["tls.certificates[0].certificate"]


def test_a_key_that_does_not_fit_is_told_with_its_key(path: Path) -> None:
    (path.parent / "keys/tls/server.key").write_text("nothing")
    assert "server.key" in faults(path)["tls.certificates[0].key"]


def test_all_that_is_missing_is_told_at_once(path: Path) -> None:
    change(path, "dns", "zone_file", "no.yml")
    change(path, "", "user", "no-such-user-here")
    assert set(faults(path)) == {"dns.zone_file", "user"}


def test_a_key_for_updates_that_others_may_read_is_told(path: Path) -> None:
    key = path.parent / "dns.key"
    key.write_text("hmac-sha256:skrytka:HNi37V4Ieh0Sntxtd2Sf7OrsF12c+8UA/Rf760bob80=\n")
    key.chmod(0o644)
    change(path, "dns", "publish", [{"zone": "example.org", "server": "127.0.0.1", "key_file": "dns.key"}])
    assert "chmod 600" in faults(path)["dns.publish[0].key_file"]
    key.chmod(0o600)
    check_files(path)


def test_a_database_that_is_gone_or_damaged_is_told_with_its_key(path: Path) -> None:
    pytest.importorskip("maxminddb")
    (path.parent / "asn.mmdb").write_bytes(b"x" * 100)
    change(path, "attacks", "country_mmdb", "gone.mmdb")
    change(path, "attacks", "asn_mmdb", "asn.mmdb")
    found = faults(path)
    assert "gone.mmdb cannot be read" in found["attacks.country_mmdb"]
    assert "asn.mmdb is no MaxMind database" in found["attacks.asn_mmdb"]
    (path.parent / "asn.mmdb").write_bytes(mmdb({"192.0.2.0/24": {"autonomous_system_number": 64500}}))
    (path.parent / "gone.mmdb").write_bytes(mmdb({"192.0.2.0/24": {"country": {"iso_code": "PL"}}}))
    check_files(path)
