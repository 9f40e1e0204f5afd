import click
import pytest

from skrytka.cli.sizes import SIZE


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1000", 1000), ("500M", 500 * 1024**2), ("10 g", 10 * 1024**3), ("1kib", 1024), ("2TB", 2 * 1024**4)],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert SIZE.convert(text, None, None) == size
    assert SIZE.convert(size, None, None) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5G", "ten", "1X", "9" * 20])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        SIZE.convert(text, None, None)
