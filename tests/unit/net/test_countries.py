from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.net.countries import Countries, _ranges

FOUR = (
    "# comment\n16777216,16777471,AU\n16777472,16778239,CN\n3221225984,3221226239,PL\n3221226240,3221226495,??\nx,y,z\n"
)
SIX = "2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,PL\n2001:db8:1::,2001:db8:1:ffff:ffff:ffff:ffff:ffff,cz\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    four, six = tmp_path / "geoip", tmp_path / "geoip6"
    four.write_text(FOUR)
    six.write_text(SIX)
    return four, six


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("1.0.0.0", "AU"),
        ("1.0.0.255", "AU"),
        ("1.0.1.0", "CN"),
        ("0.255.255.255", ""),
        ("1.0.4.0", ""),
        ("192.0.2.7", "PL"),
        ("192.0.3.7", ""),
        ("255.255.255.255", ""),
        ("2001:db8::1", "PL"),
        ("2001:db8:1:2::1", "CZ"),
        ("2001:db8:2::", ""),
        ("::1", ""),
    ],
)
async def test_the_country_of_an_address(files: tuple[Path, Path], remote: str, expected: str) -> None:
    assert await Countries(files).of(remote) == expected


async def test_without_files_no_country_is_known(tmp_path: Path) -> None:
    assert await Countries((tmp_path / "none",)).of("192.0.2.7") == ""


async def test_the_files_are_read_once(files: tuple[Path, Path]) -> None:
    countries = Countries(files)
    assert await countries.of("192.0.2.7") == "PL"
    for file in files:
        file.unlink()
    assert await countries.of("2001:db8::1") == "PL"


async def test_ranges_out_of_order_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "geoip"
    file.write_text("100,200,PL\n150,300,CZ\n400,350,DE\n500,600,AT\n")
    countries = Countries((file,))
    assert [await countries.of(f"0.0.{n // 256}.{n % 256}") for n in (100, 180, 250, 360, 550)] == [
        "PL",
        "PL",
        "",
        "",
        "AT",
    ]


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=40), max_size=20))
def test_any_text_is_read_or_passed_over(lines: list[str]) -> None:
    for low, high, code in _ranges(lines):
        assert 0 <= low < 2**64
        assert 0 <= high < 2**64
        assert len(code) == 2
