"""Which installation a command is about: ``--dir`` or ``--config``, before or after the command, or the environment."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from skrytka.daemon.layout import CONFIG_NAME, Layout

DEFAULT_DIR = "/var/lib/skrytka"
P = ParamSpec("P")
R = TypeVar("R")
_KEY = "skrytka.installation"
_REMOTE = "skrytka.remote"


def installation_options(function: Callable[P, R]) -> Callable[..., R]:
    """Adds ``--dir`` and ``--config``; the command finds what they say by :func:`config_path`."""

    @functools.wraps(function)
    def inner(*args: Any, folder: Path | None, config: Path | None, **kwargs: Any) -> R:
        chosen = click.get_current_context().meta
        if folder is not None and config is not None:
            raise click.UsageError("--dir and --config both name the installation; give one of them")
        if folder is not None:
            chosen[_KEY] = folder / CONFIG_NAME
        elif config is not None:
            chosen[_KEY] = config
        return function(*args, **kwargs)

    path = click.Path(path_type=Path, readable=False)  # who may not read it is told by what reads it, with the mend
    inner = click.option("--config", type=path, help=f"Its {CONFIG_NAME}, instead of --dir.")(inner)
    return click.option(
        "--dir",
        "folder",
        type=path,
        metavar="DIR",
        help=f"Folder of the installation; else SKRYTKA_DIR, else {DEFAULT_DIR}.",
    )(inner)


def remote_options(function: Callable[P, R]) -> Callable[..., R]:
    """Adds ``--server`` and what belongs to it to ``skrytka`` itself; see :func:`remote`."""

    @functools.wraps(function)
    def inner(
        *args: Any,
        server: str | None,
        token_file: Path | None,
        ca_file: Path | None,
        certificate_file: Path | None,
        **kwargs: Any,
    ) -> R:
        if (server is None) != (token_file is None):
            raise click.UsageError("--server and --token-file belong together")
        if server is not None:
            click.get_current_context().meta[_REMOTE] = (server, token_file, ca_file, certificate_file)
        return function(*args, **kwargs)

    path = click.Path(path_type=Path, readable=False)
    there = click.Path(exists=True, dir_okay=False, path_type=Path)
    inner = click.option("--certificate-file", type=there, help="Of this machine, if `cert enrol` put it elsewhere.")(
        inner
    )
    inner = click.option(
        "--ca-file", type=path, help="Authorities (PEM) that vouch for it, instead of this machine's."
    )(inner)
    inner = click.option("--token-file", type=path, help="A key or session of the API; only you may read the file.")(
        inner
    )
    return click.option("--server", metavar="URL", help="Ask the API of that server: https://HOST[:PORT].")(inner)


def remote() -> tuple[str, Path, Path | None, Path | None] | None:
    """Server, token file, authorities and own certificate, if commands are for another machine's server."""
    found: tuple[str, Path, Path | None, Path | None] | None = click.get_current_context().meta.get(_REMOTE)
    return found


def config_path() -> Path:
    """The settings of the chosen installation, absolute; a UsageError for who has named another machine's server."""
    if remote() is not None:
        raise click.UsageError("that is done on the server's own machine: leave --server off")
    context = click.get_current_context()
    chosen = context.meta.get(_KEY)
    if chosen is None:
        chosen = Path(os.environ.get("SKRYTKA_DIR") or DEFAULT_DIR) / CONFIG_NAME
    assert isinstance(chosen, Path)  # noqa: S101 - for the type checker
    return chosen.absolute()


def layout() -> Layout:
    """The folder of the chosen installation."""
    return Layout(config_path().parent)


def check_installation() -> None:
    """PermanentError(BAD_CONFIG) when there is no installation; for commands that only read its files."""
    from skrytka.daemon.config import load

    load(config_path())


def json_option(function: Callable[P, R]) -> Callable[P, R]:
    """Adds ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)
