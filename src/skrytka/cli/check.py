"""``skrytka check``: who messages in files are from, as the server would find it."""

import errno
import ipaddress
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from skrytka.cli import options, output
from skrytka.model.errors import ReasonedError

if TYPE_CHECKING:
    from skrytka.daemon.mail_check import MailChecker, Session
    from skrytka.protocol.mailauth.facts import MessageFacts

TEXT_MAX = 2000  # characters of --helo and --mail-from


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@options.json_option
@click.option(
    "--zone", type=click.Path(path_type=Path), metavar="ZONE.yml", help="All the DNS there is; nobody is asked."
)
@click.option("--ip", metavar="ADDRESS", help="The client they came from; without it SPF is not asked.")
@click.option("--helo", default="", metavar="NAME", help="What it said in HELO or EHLO.")
@click.option("--mail-from", metavar="ADDRESS", help="The reverse path; '' or '<>' is the null one, asked by --helo.")
@click.option(
    "--at", "now_s", type=click.IntRange(1, 2**40), metavar="SECONDS", help="Time of arrival (Unix); else now."
)
@options.installation_options
def check(
    *,
    files: Sequence[str],
    as_json: bool,
    zone: Path | None,
    ip: str | None,
    helo: str,
    mail_from: str | None,
    now_s: int | None,
) -> int:
    """SPF, DKIM, DMARC and ARC of the messages in FILE... ('-': standard input).

    Line ends may be CRLF or LF. Results do not change the exit code; a file that could not be evaluated does.
    """
    import asyncio

    session = _session(ip, helo, mail_from)
    return asyncio.run(_check(files, zone, session, now_s, as_json=as_json))


async def _check(
    files: Sequence[str], zone: Path | None, session: "Session | None", now_s: int | None, *, as_json: bool
) -> int:
    from skrytka.cli.main import EXIT_FAILED, EXIT_OK, complain
    from skrytka.daemon.mail_check import checker

    status = EXIT_OK
    async with checker(options.layout(), zone, session, now_s) as made:
        for path in files:
            name, found = _text(path), await _one(made, path)
            if isinstance(found, str):
                complain(f"{name}: {found}")
                status = EXIT_FAILED
            if as_json:
                output.print_line({"file": name, "error": found} if isinstance(found, str) else _row(name, found))
            elif not isinstance(found, str):
                _print(name, found)
    return status


async def _one(made: "MailChecker", name: str) -> "MessageFacts | str":
    """The facts, or why there are none."""
    try:
        with _opened(name) as stream:
            return await made.check(stream)
    except ReasonedError as exc:
        return exc.detail or exc.reason.value
    except (OSError, ValueError) as exc:  # ValueError: a name with NUL in it
        return getattr(exc, "strerror", None) or str(exc)


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name != "-":
        return closing(Path(name).open("rb"))
    if sys.stdin is None:  # it was closed before we began
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return nullcontext(sys.stdin.buffer)


def _session(ip: str | None, helo: str, mail_from: str | None) -> "Session | None":
    from skrytka.daemon.mail_check import Session

    sender, helo = _text(mail_from or "").removeprefix("<").removesuffix(">"), _text(helo)
    if ip is None:
        if helo or mail_from is not None:
            raise click.UsageError("--helo and --mail-from say something with --ip only")
        return None
    if not helo and not sender:
        raise click.UsageError("SPF is about the domain of --mail-from or --helo; give one of them")
    if max(len(helo), len(sender)) > TEXT_MAX:
        raise click.UsageError(f"--helo and --mail-from have {TEXT_MAX} characters at most")
    try:
        return Session(ipaddress.ip_address(ip), helo, sender)
    except ValueError:
        raise click.UsageError(f"--ip: {ip!r} is no address") from None


def _text(argument: str) -> str:
    """What stands in it for octets that are no UTF-8 is no Unicode, and no output takes it."""
    return os.fsencode(argument).decode("utf-8", "replace")


def _row(name: str, facts: "MessageFacts") -> dict[str, object]:
    return {"file": name, **{field: getattr(facts, field) for field in facts.__struct_fields__}}


def _print(name: str, facts: "MessageFacts") -> None:
    click.echo(output.visible(name))
    for method, result, words in _lines(facts):
        text = " ".join(word for word in words if word)
        click.echo(output.visible(f"  {method:6} {result:10} {text}").rstrip())


def _lines(facts: "MessageFacts") -> Iterator[tuple[str, str, Sequence[str]]]:
    spf, dmarc, arc = facts.spf, facts.dmarc, facts.arc
    if spf.scope:
        yield "spf", spf.result, (spf.domain, f"({spf.scope})", spf.mechanism, spf.reason, spf.detail, spf.explanation)
    else:
        yield "spf", spf.result, ("not asked: no --ip",)
    for each in facts.dkim:
        yield "dkim", each.result, (each.domain, each.selector, each.algorithm, each.reason)
    if not facts.dkim:
        yield "dkim", "none", ("no signature",)
    aligned = ", ".join(method for method in ("dkim", "spf") if getattr(dmarc.alignment, method))
    yield (
        "dmarc",
        dmarc.result,
        (
            dmarc.domain,
            f"policy {dmarc.policy}" if dmarc.policy else "",
            f"aligned: {aligned}" if aligned else "",
            f"asks for {dmarc.disposition}" if dmarc.disposition != "none" else "",
            dmarc.reason,
        ),
    )
    yield "arc", arc.result, (f"{arc.sets} sets" if arc.sets else "", " ".join(arc.sealers), arc.reason)
