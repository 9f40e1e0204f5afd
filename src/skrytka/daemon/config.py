"""Reading ``skrytka.toml``: every fault is told with file, line, key and what is allowed there."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from skrytka.daemon.config_check import Fault, check_meaning, check_shape
from skrytka.daemon.layout import Layout
from skrytka.daemon.toml_lines import KeyLines, KeyPath
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.settings import CONFIG_VERSION, Settings

CONFIG_MAX_BYTES = 1024 * 1024
Table = dict[str, Any]
CONVERTERS: dict[int, Callable[[Table], Table]] = {}  # version -> its text as a table of the next version


class ConfigFault(msgspec.Struct, frozen=True):
    """One mistake in the file."""

    file: str
    line: int  # 0: the file as a whole
    key: str
    message: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line}: {key}{self.message}"


class ConfigError(PermanentError):
    """The file cannot be used; ``faults`` has every mistake found, not only the first."""

    def __init__(self, faults: list[ConfigFault]) -> None:
        super().__init__(Reason.BAD_CONFIG, "\n".join(str(fault) for fault in faults))
        self.faults = faults


class Config(msgspec.Struct, frozen=True):
    """A file that is right, and the installation it belongs to."""

    path: Path
    settings: Settings
    lines: KeyLines

    @property
    def layout(self) -> Layout:
        return Layout(self.path.parent)

    def fault(self, key: KeyPath, message: str) -> ConfigFault:
        """A mistake that shows only beside the rest of the machine."""
        return ConfigFault(str(self.path), self.lines.line(key), dotted(key), message)


def load(path: Path) -> Config:
    """Read and check one file; ConfigError with all that is wrong."""
    path = path.absolute()
    text = _read(path)
    return Config(path, parse(text, str(path)), KeyLines(text))


def parse(text: str, name: str) -> Settings:
    """The settings of a text; ``name`` stands for the file in errors."""
    table = _toml(text, name)
    lines = KeyLines(text)

    def error(faults: list[Fault]) -> ConfigError:
        told = [ConfigFault(name, lines.line(path), dotted(path), said) for path, said in faults]
        return ConfigError(sorted(told, key=lambda fault: fault.line))

    if fault := _version_fault(table):
        raise error([fault])
    table = _converted(table)
    settings, faults = check_shape(table, Settings)
    if settings is None:
        raise error(faults)
    if faults := check_meaning(settings):
        raise error(faults)
    return settings


def dotted(path: KeyPath) -> str:
    """``tls.certificates[0].key``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".")


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > CONFIG_MAX_BYTES:
            raise ConfigError([ConfigFault(str(path), 0, "", f"larger than {CONFIG_MAX_BYTES} bytes")])
        return raw.decode()
    except UnicodeDecodeError as exc:
        line = exc.object[: exc.start].count(b"\n") + 1
        raise ConfigError([ConfigFault(str(path), line, "", "not UTF-8, which TOML demands")]) from exc
    except OSError as exc:
        said = f"cannot be read: {exc.strerror}"
        if isinstance(exc, PermissionError):
            said += "; run this as root, or as the account of the server"
        if isinstance(exc, FileNotFoundError):
            said = (
                "is not there: no installation is in this folder; `skrytka init DOMAIN --dir DIR` makes one,"
                " --dir, --config or SKRYTKA_DIR names another"
            )
        raise ConfigError([ConfigFault(str(path), 0, "", said)]) from exc


def _toml(text: str, name: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        said, _, place = str(exc).rpartition(" (at ")
        digits = "".join(char for char in place.partition(",")[0] if char.isdigit())
        line = int(digits) if digits else text.count("\n") + 1
        raise ConfigError([ConfigFault(name, line, "", f"not valid TOML: {said or exc}")]) from exc


def _version_fault(table: Table) -> Fault | None:
    version = table.get("version")
    oldest = min(CONVERTERS, default=CONFIG_VERSION)
    if type(version) is not int:
        return ("version",), f"missing or no integer; this Skrytka writes `version = {CONFIG_VERSION}`"
    if version > CONFIG_VERSION:
        return ("version",), f"{version} is of a newer Skrytka; allowed: {oldest} to {CONFIG_VERSION}; upgrade first"
    if version < oldest:
        return ("version",), f"{version} does not exist; allowed: {oldest} to {CONFIG_VERSION}"
    return None


def _converted(table: Table) -> Table:
    while table["version"] < CONFIG_VERSION:
        table = CONVERTERS[table["version"]](table)
    return table
