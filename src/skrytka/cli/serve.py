"""``skrytka serve``: run the server in the foreground."""

import click

from skrytka.cli import options


@click.command()
@options.installation_options
def serve() -> int:
    """Run the server until SIGTERM; SIGHUP reloads settings and certificates.

    Prints one line that begins with "ready" when every port answers. Meant to be run by systemd or in a container.
    """
    from skrytka.cli.main import complain
    from skrytka.daemon import serve as daemon

    return daemon.serve(options.config_path(), say, complain)


def say(line: str) -> None:
    """The ready line; whoever started us may have stopped reading by then."""
    try:
        click.echo(line)
    except BrokenPipeError:
        return
