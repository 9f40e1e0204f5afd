import contextlib
from pathlib import Path

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.net.countries import Countries
from skrytka.net.geo import Database, Geography
from tests.support.mmdb import mmdb

pytest.importorskip("maxminddb")

COUNTRIES = mmdb(
    {
        "192.0.2.0/24": {"country": {"iso_code": "PL", "names": {"en": "Poland"}}},
        "198.51.100.0/24": {"country": {"iso_code": "x"}},
        "203.0.113.0/24": {"registered_country": {"iso_code": "DE"}},
        "2001:db8::/32": {"country": {"iso_code": "cz"}},
    }
)
PROVIDERS = mmdb(
    {"192.0.2.0/24": {"autonomous_system_number": 64500}, "198.51.100.0/25": {"autonomous_system_number": "x"}}
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    country, provider = tmp_path / "country.mmdb", tmp_path / "asn.mmdb"
    country.write_bytes(COUNTRIES)
    provider.write_bytes(PROVIDERS)
    return country, provider


@pytest.mark.parametrize(
    ("remote", "country", "provider"),
    [
        ("192.0.2.7", "PL", "AS64500"),
        ("198.51.100.7", "", ""),
        ("198.51.100.200", "", ""),
        ("203.0.113.7", "", ""),
        ("10.0.0.1", "", ""),
        ("2001:db8::1", "CZ", ""),
        ("2001:db9::1", "", ""),
    ],
)
async def test_an_address_has_the_country_and_the_provider_of_its_network(
    files: tuple[Path, Path], remote: str, country: str, provider: str
) -> None:
    told: list[str] = []
    where = Geography(Countries(()), told.append, country=files[0], provider=files[1])
    assert (await where.of(remote), where.provider_of(remote), told) == (country, provider, [])
    where.close()


async def test_without_databases_there_is_what_debian_has(tmp_path: Path) -> None:
    four = tmp_path / "geoip"
    four.write_text("3221225984,3221226239,PL\n")
    where = Geography(Countries((four,)), lambda _detail: None)
    assert (await where.of("192.0.2.7"), where.provider_of("192.0.2.7")) == ("PL", "")


async def test_a_file_that_is_damaged_or_gone_is_told_and_the_default_is_asked(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    four = tmp_path / "geoip"
    four.write_text("3221225984,3221226239,PL\n")
    told: list[str] = []
    where = Geography(Countries((four,)), told.append, country=files[0], provider=files[1])
    files[0].unlink()
    files[1].unlink()
    files[1].write_bytes(b"x" * 100)
    assert where.provider_of("192.0.2.7") == "AS64500"  # what is open stays
    where.use(where.opened(*files))
    assert len(told) == 2
    assert (await where.of("192.0.2.7"), where.provider_of("192.0.2.7")) == ("PL", "")


@pytest.mark.parametrize("cut", [0, 1, 20, len(COUNTRIES) // 2, len(COUNTRIES) - 200, len(COUNTRIES) - 1])
def test_a_file_that_is_cut_off_is_refused_with_its_name(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.mmdb"
    path.write_bytes(COUNTRIES[:cut])
    with pytest.raises(PermanentError) as refused:
        Database(path)
    assert refused.value.reason is Reason.BAD_CONFIG
    assert str(path) in refused.value.detail


def test_no_change_of_an_octet_does_more_than_refuse(tmp_path: Path) -> None:
    path = tmp_path / "changed.mmdb"
    for place in range(0, len(COUNTRIES), 37):
        octets = bytearray(COUNTRIES)
        octets[place] ^= 0xFF
        path.write_bytes(octets)
        try:
            database = Database(path)
        except PermanentError:
            continue
        with contextlib.suppress(PermanentError):
            database.find("192.0.2.7")
        database.close()


async def test_what_is_damaged_where_nobody_looked_is_told_once(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    where = Geography(Countries(()), told.append, country=files[0])

    def fail(_self: Database, _remote: str) -> object:
        raise PermanentError(Reason.CORRUPT, "damaged")

    monkeypatch.setattr(Database, "find", fail)
    assert [await where.of("192.0.2.7") for _ in range(3)] == ["", "", ""]
    assert told == ["damaged"]
    where.close()


def test_without_the_extra_it_says_what_to_install(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(PermanentError, match="geoip"):
        Database(files[0])
