import pytest

from skrytka.store.sql.packs import low_of


@pytest.mark.parametrize(("uid", "low"), [(1, 1), (256, 1), (257, 257), (512, 257), (2**32 - 1, 2**32 - 255)])
def test_every_uid_is_in_one_pack(uid: int, low: int) -> None:
    assert low_of(uid) == low
