"""``skrytka init``: a new installation, its recovery key shown once, its first administrator, and what to do next."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skrytka.cli import options, output

if TYPE_CHECKING:
    from skrytka.daemon.setup import Made
    from skrytka.model.secret import Secret

TRIES = 3


@click.command()
@click.argument("domain")
@options.installation_options
@click.option("--hostname", help="Full name of this server, as its PTR record says.  [default: mail.DOMAIN]")
@click.option("--admin", "admin_name", default="admin", show_default=True, help="Local part of the first account.")
@click.option("--password-stdin", is_flag=True, help="Read its password from standard input; else one is made up.")
@click.option("--user", help="Account of this machine that the server becomes once root has opened the ports.")
@click.option(
    "--recovery-key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the recovery key to FILE (0600) too, for programs; move it off this machine.",
)
@options.json_option
def init(
    *,
    domain: str,
    hostname: str | None,
    admin_name: str,
    password_stdin: bool,
    user: str | None,
    recovery_key_file: Path | None,
    as_json: bool,
) -> None:
    """Make the installation for DOMAIN in DIR: settings, keys, a first account.

    The recovery key is shown once: whoever holds it can open all mail when the master key is lost. On a terminal two of
    its groups are asked for; else confirm it with `skrytka recovery confirm`, before `skrytka serve` starts.
    """
    from skrytka.daemon import setup

    wanted = setup.Wanted(
        domain=domain,
        hostname=hostname or f"mail.{domain}",
        admin=admin_name if "@" in admin_name else f"{admin_name}@{domain}",
        password=read_secret() if password_stdin else None,
        user=user,
        recovery_key_file=recovery_key_file,
    )
    made = setup.make(options.layout(), wanted)
    if as_json:
        output.print_json(made.to_json())
        return
    show_recovery_key(made.recovery_text)
    is_confirmed = is_terminal() and confirm_by_groups(options.layout().root, made.recovery_text)
    show_rest(made, is_confirmed=is_confirmed)


def is_terminal() -> bool:
    """Whether somebody is there to type."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def read_secret() -> "Secret":
    """One line of standard input."""
    from skrytka.model.secret import Secret

    return Secret(sys.stdin.readline().rstrip("\r\n"))


def show_recovery_key(text: "Secret") -> None:
    """The only time it is shown."""
    from skrytka.store.seal.recovery import qr_terminal

    click.echo("\nRecovery key. Shown this once: print it or write it down, and keep it away from this machine.\n")
    click.echo("    " + text.reveal().decode())
    click.echo(
        "\nWhen keys/master.key is ever lost, it alone opens the mail: skrytka recovery restore makes a new one."
    )
    click.echo("\n" + qr_terminal(text))


def confirm_by_groups(root: Path, text: "Secret") -> bool:
    """Ask for two groups of the key that was just shown; the last try that fails leaves it unconfirmed."""
    from skrytka.daemon import setup
    from skrytka.store.system import SystemRandom

    groups = setup.groups_of(text)
    for _ in range(TRIES):
        first, second = setup.two_of(len(groups), SystemRandom())
        typed = [click.prompt(f"Group {number + 1} of the recovery key") for number in (first, second)]
        if setup.is_same(typed, [groups[first], groups[second]]):
            setup.confirm(root, text)
            click.echo("The recovery key is confirmed.\n")
            return True
        click.echo("That is not what was shown.", err=True)
    return False


def show_rest(made: "Made", *, is_confirmed: bool) -> None:
    """The account and the next steps."""
    if made.password is not None:
        click.echo(f"Account {made.admin} with the password  {made.password.reveal().decode()}  (shown once)\n")
    click.echo("What to do next:")
    for number, step in enumerate(made.next_steps(is_confirmed=is_confirmed), 1):
        first, *rest = step.split("\n")
        click.echo(f"  {number}. {first}")
        for line in rest:
            click.echo(f"     {line}")
