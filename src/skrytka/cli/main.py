"""``skrytka``: finds the command, and turns every error into a line with cause and mend and an exit code.

The codes are described in docs/cli.md. A command's module is imported when it is called or when help lists it.
"""

import errno
import importlib
import os
import sys
from collections.abc import Sequence

import click

from skrytka import __version__
from skrytka.cli.options import installation_options, remote_options
from skrytka.model.errors import Reason, ReasonedError, SkrytkaError

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_CONFIG = 3
EXIT_SERVER = 4
EXIT_NOT_FOUND = 5
EXIT_EXISTS = 6
EXIT_REFUSED = 7
EXIT_DIFFERENCES = 8
EXIT_INTERRUPTED = 130

COMMANDS = {
    "demo": "skrytka.cli.demo:demo",
    "init": "skrytka.cli.init:init",
    "serve": "skrytka.cli.serve:serve",
    "domain": "skrytka.cli.domain:domain",
    "account": "skrytka.cli.account:account",
    "alias": "skrytka.cli.alias:alias",
    "role": "skrytka.cli.role:role",
    "approval": "skrytka.cli.approval:approval",
    "api-key": "skrytka.cli.api_key:api_key",
    "app-password": "skrytka.cli.app_password:app_password",
    "delegation": "skrytka.cli.account_access:delegation",
    "password": "skrytka.cli.password:password",
    "directory": "skrytka.cli.directory:directory",
    "oauth": "skrytka.cli.oauth:oauth",
    "mfa": "skrytka.cli.mfa:mfa",
    "dkim": "skrytka.cli.dkim:dkim",
    "dns": "skrytka.cli.dns:dns",
    "queue": "skrytka.cli.queue:queue",
    "trace": "skrytka.cli.trace:trace",
    "logins": "skrytka.cli.logins:logins",
    "tls": "skrytka.cli.tls:tls",
    "events": "skrytka.cli.events:events",
    "reports": "skrytka.cli.reports:reports",
    "cert": "skrytka.cli.cert:cert",
    "store": "skrytka.cli.store:store",
    "check": "skrytka.cli.check:check",
    "config": "skrytka.cli.config:config",
    "recovery": "skrytka.cli.recovery:recovery",
}

_CODES = {
    Reason.BAD_SYNTAX: EXIT_USAGE,
    Reason.BAD_CONFIG: EXIT_CONFIG,
    Reason.STORE_BUSY: EXIT_SERVER,
    Reason.STORE_DOWN: EXIT_SERVER,
    Reason.DISK_FULL: EXIT_SERVER,
    Reason.SHUTTING_DOWN: EXIT_SERVER,
    Reason.TIMEOUT: EXIT_SERVER,
    Reason.DNS_TIMEOUT: EXIT_SERVER,
    Reason.UNREACHABLE: EXIT_SERVER,
    Reason.KEY_UNAVAILABLE: EXIT_SERVER,
    Reason.NO_SUCH_USER: EXIT_NOT_FOUND,
    Reason.NO_SUCH_DOMAIN: EXIT_NOT_FOUND,
    Reason.NO_SUCH_MAILBOX: EXIT_NOT_FOUND,
    Reason.NO_SUCH_OBJECT: EXIT_NOT_FOUND,
    Reason.ALREADY_EXISTS: EXIT_EXISTS,
    Reason.NOT_PERMITTED: EXIT_REFUSED,
    Reason.STEP_UP_NEEDED: EXIT_REFUSED,
    Reason.APPROVAL_NEEDED: EXIT_REFUSED,
    Reason.UNSUPPORTED: EXIT_REFUSED,
    Reason.BAD_CREDENTIALS: EXIT_REFUSED,
    Reason.WEAK_PASSWORD: EXIT_REFUSED,
    Reason.RATE_LIMITED: EXIT_REFUSED,
    Reason.CORRUPT: EXIT_DIFFERENCES,
}


_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
_MENDS = {
    errno.ENOSPC: "; make room: `df -h` and `df -i` show which disk is full",
    errno.EDQUOT: "; the quota of this account on that disk is used up: `quota` shows it",
    errno.EROFS: "; mount it writable. A disk that became read-only by itself has failed: `dmesg` says why",
    errno.EIO: "; the disk has failed: `dmesg` says more",
    errno.EACCES: "; start as root, or as the owner of that file",
    errno.EPERM: "; start as root, or as the owner of that file",
    errno.EMFILE: "; this process may open too few files: ulimit -n 65536",
    errno.ENOMEM: "; there is not enough memory: `free -h` and `ulimit -v` show what there is",
}


class LazyGroup(click.Group):
    """A group whose commands are named by text and imported when wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(place)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="skrytka")
@remote_options
@installation_options
def skrytka() -> None:
    """Skrytka, a secure mail server: SMTP, IMAP and an encrypted store in one.

    `skrytka demo` starts one to try out; `skrytka init DOMAIN --dir DIR` makes a real one.
    """


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit; nothing but bugs gets out as an exception."""
    open_standard_descriptors()
    sys.exit(run(argv))


def open_standard_descriptors() -> None:
    """Whoever started us may have closed some: then the next file would be taken for standard error, and written to."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)  # noqa: FBT003 - the stdlib names it so
    os.close(fd)


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    try:
        status = skrytka.main(args=argv, prog_name="skrytka", standalone_mode=False)
        if sys.stdout is not None:  # it was closed before we began
            sys.stdout.flush()
    except click.exceptions.Abort:
        complain("interrupted")
        return EXIT_INTERRUPTED
    except click.ClickException as exc:
        exc.show()
        return EXIT_USAGE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the interpreter flushes once more when it ends
        return EXIT_FAILED
    except SkrytkaError as exc:
        complain(_text(exc))
        return code_of(exc)
    except OSError as exc:  # a disk that is full, a file that may not be read: the machine's fault, not a bug
        complain(f"{exc.filename or 'the machine'}: {exc.strerror or exc}{_MENDS.get(exc.errno or 0, '')}")
        return EXIT_SERVER if exc.errno in _OF_THE_DISK else EXIT_FAILED
    return status if isinstance(status, int) else EXIT_OK


def code_of(error: SkrytkaError) -> int:
    """The exit code of an error."""
    return _CODES.get(error.reason, EXIT_FAILED) if isinstance(error, ReasonedError) else EXIT_FAILED


def complain(text: str) -> None:
    """Lines for people, on standard error; what is in them may be a stranger's, or stand in a log that he changed."""
    from skrytka.cli.output import visible

    click.echo("skrytka: " + "\n".join(map(visible, text.split("\n"))), err=True)


def _text(error: SkrytkaError) -> str:
    if isinstance(error, ReasonedError) and error.detail:
        return error.detail
    return str(error).replace("_", " ")


if __name__ == "__main__":
    main()
