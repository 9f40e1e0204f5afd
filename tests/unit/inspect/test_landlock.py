"""inspect/landlock.py: what is asked of each kernel; that it is obeyed is shown by test_isolation.py."""

import struct

import pytest

from skrytka.inspect.landlock import attributes


@pytest.mark.parametrize(
    ("abi", "values"),
    [
        (1, (0x1FFF,)),
        (2, (0x3FFF,)),
        (3, (0x7FFF,)),
        (4, (0x7FFF, 3)),
        (5, (0xFFFF, 3)),
        (6, (0xFFFF, 3, 3)),
        (7, (0xFFFF, 3, 3)),
        (20, (0xFFFF, 3, 3)),
    ],
)
def test_all_that_a_kernel_knows_is_handled_so_denied(abi: int, values: tuple[int, ...]) -> None:
    assert struct.unpack(f"={len(values)}Q", attributes(abi)) == values
