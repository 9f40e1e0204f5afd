import msgspec

from skrytka.daemon.reload import AT_START, restart_needed
from skrytka.model.settings import Login, Settings

OLD = Settings(version=1, hostname="mail.example.test")


def test_what_is_read_once_is_named() -> None:
    new = msgspec.structs.replace(OLD, hostname="mx.example.test", fronts=3, login=Login(window_s=5))
    assert restart_needed(OLD, new) == ["hostname", "fronts"]
    assert restart_needed(OLD, OLD) == []


def test_every_name_is_a_setting() -> None:
    assert set(AT_START) <= set(Settings.__struct_fields__)
