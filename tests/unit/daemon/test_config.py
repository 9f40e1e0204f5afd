import errno
from pathlib import Path

import pytest

from skrytka.daemon import config
from skrytka.daemon.config import ConfigError

HEAD = 'version = 1\nhostname = "mail.example.test"\n'


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "f")
    return [(fault.line, fault.key) for fault in caught.value.faults]


def said(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "skrytka.toml")
    return caught.value.detail


def test_two_lines_are_enough() -> None:
    settings = config.parse(HEAD, "f")
    assert settings.hostname == "mail.example.test"
    assert settings.listeners.smtp.port == 25


def test_all_mistakes_are_told_in_the_order_of_their_lines() -> None:
    text = HEAD + "hostnam = 'x'\n[listeners.smtp]\nport = 99999\n[login]\nwindow_s = 'a'\n"
    assert faults(text) == [(3, "hostnam"), (5, "listeners.smtp.port"), (7, "login.window_s")]


def test_a_mistake_is_told_with_file_line_key_and_what_is_allowed() -> None:
    assert (
        said(HEAD + "[listeners.smtp]\nport = 99999\n")
        == "skrytka.toml:4: listeners.smtp.port: allowed: an integer from 1 to 65535; found: 99999"
    )


def test_an_unknown_key_is_told_with_the_nearest_known_one() -> None:
    assert "did you mean 'addresses'?" in said(HEAD + "[listeners.smtp]\nport = 25\nadresses = []\n")


def test_broken_toml_is_told_with_its_line() -> None:
    assert faults(HEAD + "user = = 3\n") == [(3, "")]


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("", "version = 1"),
        ("version = '1'", "version = 1"),
        ("version = true", "version = 1"),
        ("version = 2", "upgrade first"),
        ("version = 0", "allowed: 1 to 1"),
    ],
)
def test_a_version_that_is_not_ours_is_refused(version: str, hint: str) -> None:
    assert hint in said(f"{version}\nhostname = 'a.b'\n")


def test_an_older_version_goes_through_the_converters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(config.CONVERTERS, 0, lambda table: {"version": 1, "hostname": table["name"]})
    assert config.parse("version = 0\nname = 'mail.example.test'\n", "f").hostname == "mail.example.test"


def test_a_file_that_is_not_there_is_told_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="skrytka init"):
        config.load(tmp_path / "skrytka.toml")


@pytest.mark.parametrize(("raw", "hint"), [(b"a = '\xff'", "UTF-8"), (b"#" * (config.CONFIG_MAX_BYTES + 1), "larger")])
def test_a_file_that_cannot_be_text_is_refused(tmp_path: Path, raw: bytes, hint: str) -> None:
    path = tmp_path / "skrytka.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=hint):
        config.load(path)


def test_a_loaded_file_knows_its_folder_and_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "skrytka.toml"
    path.write_text(HEAD + "user = 'nobody'\n")
    loaded = config.load(path)
    assert loaded.layout.root == tmp_path
    assert str(loaded.fault(("user",), "no")) == f"{path}:3: user: no"


def refuse(_path: Path) -> bytes:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_file_that_is_missing_or_closed_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(config.ConfigError, match=r"skrytka\.toml: is not there: .*skrytka init"):
        config.load(tmp_path / "skrytka.toml")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(config.ConfigError, match=r"Permission denied; run this as root, or as the account"):
            config.load(tmp_path / "skrytka.toml")
    with pytest.raises(config.ConfigError, match=r"cannot be read: Is a directory"):
        config.load(tmp_path)
