"""How commands reach the installation: the running server, or the folder itself when it is stopped."""

import sys
from typing import Any

import click

from skrytka.cli import options


def ask(command: str, /, **args: object) -> Any:
    """The result of one administrator's command; what takes long is told on a terminal."""
    if (remote := options.remote()) is not None:
        from skrytka.daemon import remote_client

        return remote_client.ask(remote_client.Remote(*remote), command, args)
    from skrytka.daemon import admin_client

    return admin_client.ask(options.layout(), command, args, tell)


def tell(text: str) -> None:
    """Progress, for people only."""
    if sys.stderr.isatty():
        click.echo(f"... {text}", err=True)
