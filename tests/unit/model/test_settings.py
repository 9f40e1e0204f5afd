"""model/settings.py."""

import msgspec
import pytest

from skrytka.model.settings import Settings

SMALLEST = {"version": 1, "hostname": "mail.example.test"}


def test_the_smallest_file_has_sensible_defaults() -> None:
    settings = msgspec.convert(SMALLEST, Settings)
    assert settings.listeners.smtp.port == 25
    assert settings.listeners.imaps.port == 993
    assert settings.smtp.message_bytes == 50 * 1024 * 1024


@pytest.mark.parametrize(
    ("extra", "where"),
    [
        ({"unknown": 1}, "unknown"),
        ({"listeners": {"smtp": {"port": 0}}}, r"\$\.listeners\.smtp\.port"),
        ({"fronts": -1}, r"\$\.fronts"),
        ({"store": {"vault_days": "x"}}, r"\$\.store\.vault_days"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(extra: dict[str, object], where: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=where):
        msgspec.convert(SMALLEST | extra, Settings)
