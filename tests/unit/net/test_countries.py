from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.net.countries import Countries

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


async def test_files_that_went_away_are_still_looked_up(files: tuple[Path, Path]) -> None:
    countries = Countries(files)
    assert await countries.of("192.0.2.7") == "PL"
    for file in files:
        file.unlink()
    assert await countries.of("2001:db8::1") == "PL"


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=40), st.integers(0, 4000))
async def test_each_address_is_found_as_by_looking_at_every_line(steps: list[tuple[int, int]], address: int) -> None:
    ranges, low = [], 0
    for gap, length in steps:
        low += gap
        ranges.append((low, low + length, "PL" if gap % 2 else "CZ"))
        low += length
    expected = next((code for first, last, code in ranges if first <= address <= last), "")
    with NamedTemporaryFile() as file:
        file.write(b"# a comment\n" + b"".join(b"%d,%d,%b\n" % (a, b, code.encode()) for a, b, code in ranges))
        file.flush()
        assert await Countries((file.name,)).of(f"0.0.{address // 256}.{address % 256}") == expected


@given(st.binary(max_size=400), st.sampled_from(["192.0.2.1", "2001:db8::1", "0.0.0.0", "255.255.255.255"]))
async def test_any_file_tells_a_country_or_none(octets: bytes, remote: str) -> None:
    with NamedTemporaryFile() as file:
        file.write(octets)
        file.flush()
        assert len(await Countries((file.name,)).of(remote)) in {0, 2}
