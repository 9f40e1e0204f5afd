"""``skrytka serve``: run the server in the foreground."""

import io
import os
import select
import sys

import click

from skrytka.cli import options

LINE_MAX_BYTES = 4096  # so much a pipe takes at once when it takes anything (POSIX: PIPE_BUF is 512 or more, here 4096)


@click.command()
@options.installation_options
def serve() -> int:
    """Run the server until SIGTERM; SIGHUP reloads settings and certificates.

    Prints one line that begins with "ready" when every port answers. Meant to be run by systemd or in a container.
    """
    from skrytka.daemon import serve as daemon

    return daemon.serve(options.config_path(), say, complain)


def say(line: str) -> None:
    """The ready line; whoever started us may have stopped reading by then."""
    try:
        click.echo(line)
    except BrokenPipeError:
        return


def complain(text: str) -> None:
    """A line on standard error, dropped where that is closed or nobody reads it: the supervisor does not wait."""
    line = f"skrytka: {text}\n"
    try:
        fd = sys.stderr.fileno()
        if select.select([], [fd], [], 0)[1]:
            os.write(fd, line.encode(errors="replace")[:LINE_MAX_BYTES])
    except io.UnsupportedOperation:  # not a file of the system
        sys.stderr.write(line)
    except (OSError, ValueError, AttributeError):
        return
