"""``skrytka demo``: a mail server to try out, on this machine only."""

import os
import sys
from pathlib import Path

import click

from skrytka.cli.serve import say

DEFAULT_DIR = "demo"


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_DIR,
    show_default="./" + DEFAULT_DIR,
    metavar="DIR",
    help="Where it lives; made when it is not there, started again with its mail and passwords when it is.",
)
@click.option(
    "--port-base",
    type=int,
    metavar="N",
    help="Ports are N + the standard port; 20000 at the first start, then those it had.",
)
def demo(*, folder: Path, port_base: int | None) -> None:
    """Make and run a demo: domain example.test, accounts alice, bob, carol and admin, on 127.0.0.1.

    Prints the accounts and ports, then a line that begins with "ready"; DIR/demo.json has the same for programs. No
    mail leaves it and no real DNS is asked. Ends at Ctrl-C or SIGTERM.
    """
    from skrytka.daemon import demo as daemon
    from skrytka.store.system import SystemClock, SystemRandom

    made = daemon.make(folder, port_base, SystemClock(), SystemRandom())
    for line in table(made.accounts, made.ports):
        say(line)
    say(f"CA certificate  {made.ca}")
    say(f"Settings        {made.config}")
    become_server(made.config)


def become_server(config: str) -> None:
    """``serve`` in this very process, but afresh: what making the demo took of memory is given back."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-m", "skrytka.cli.main", "serve", "--config", config]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


def table(accounts: dict[str, str], ports: dict[str, int]) -> list[str]:
    """Plain text: the process that prints it goes on as the supervisor and stays small."""
    width = max(map(len, accounts))
    return [
        f"{'Account':{width}}  Password",
        *(f"{address:{width}}  {password}" for address, password in accounts.items()),
        "",
        f"{'Service':{width}}  Address",
        *(f"{name:{width}}  127.0.0.1:{port}" for name, port in ports.items()),
        "",
    ]
