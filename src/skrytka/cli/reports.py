"""``skrytka reports``: what other servers say about mail in our name and about TLS with us, in plain words."""

from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, TypeVar

import click

from skrytka.cli import options, output
from skrytka.cli.language import language_of, language_option

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
DAYS = 30


@click.group()
def reports() -> None:
    """Reports that other servers sent about your domains."""


def _report_options(function: Callable[P, R]) -> Callable[P, R]:
    function = click.argument("domain", required=False)(function)
    days = click.IntRange(1, 3660)
    return click.option("--days", type=days, default=DAYS, show_default=True, help="How far back.")(function)


@reports.command()
@_report_options
@language_option
@options.json_option
@options.installation_options
def dmarc(*, domain: str | None, days: int, language: str | None, as_json: bool) -> int:
    """Who sends mail in the name of DOMAIN (or of all your domains), what fails, who is new, what to do (RFC 9990)."""
    from skrytka.protocol.reports.digest import Digest
    from skrytka.protocol.reports.digest_words import LANGUAGES, dmarc_text

    found = _found("dmarc", Digest, domain, days)
    words = LANGUAGES[language_of(language)]
    if as_json:
        return _shown(found, [], as_json=True)
    single, texts = _single(domain, days, language)
    return _shown([*found, *single], [*(dmarc_text(each, words) for each in found), *texts], as_json=False)


@reports.command()
@_report_options
@language_option
@options.json_option
@options.installation_options
def failures(*, domain: str | None, days: int, language: str | None, as_json: bool) -> int:
    """Single messages that claimed to be from DOMAIN and were not proven, as others have told of them (RFC 9991)."""
    found, texts = _single(domain, days, language)
    return _shown(found, texts, as_json=as_json)


def _single(domain: str | None, days: int, language: str | None) -> tuple[Sequence[object], list[Iterable[str]]]:
    from skrytka.protocol.reports.failure_digest import LANGUAGES, FailureDigest, failure_text

    found = _found("failures", FailureDigest, domain, days)
    words = LANGUAGES[language_of(language)]
    return found, [failure_text(each, words) for each in found]


@reports.command()
@_report_options
@language_option
@options.json_option
@options.installation_options
def tls(*, domain: str | None, days: int, language: str | None, as_json: bool) -> int:
    """How TLS with the mail servers of DOMAIN (or of all your domains) went, and what to do (RFC 8460)."""
    from skrytka.protocol.reports.digest import TlsDigest
    from skrytka.protocol.reports.digest_words import LANGUAGES, tls_text

    found = _found("tls", TlsDigest, domain, days)
    words = LANGUAGES[language_of(language)]
    return _shown(found, [tls_text(each, words) for each in found], as_json=as_json)


def _found(name: str, kind: type[T], domain: str | None, days: int) -> list[T]:
    """Asked of another machine's server, or read here, in this process."""
    import asyncio

    import msgspec

    from skrytka.cli.connect import ask
    from skrytka.daemon.report_digests import report_reader
    from skrytka.store.system import SystemClock

    wanted = _name(domain)
    if options.remote() is not None:
        return msgspec.convert(ask(f"report.{name}", domain=wanted, days=days), list[kind])  # type: ignore[valid-type]
    options.check_installation()
    read = getattr(report_reader(options.layout().events, SystemClock()), name)
    found: list[T] = asyncio.run(read(wanted, days))
    return found


def _name(domain: str | None) -> str | None:
    from skrytka.model.address import AddressError, Domain

    try:
        return None if domain is None else Domain.parse(domain).name
    except AddressError as exc:
        raise click.UsageError(f"{domain!r}: {exc}") from None


def _shown(found: Sequence[object], texts: Iterable[Iterable[str]], *, as_json: bool) -> int:
    from skrytka.cli.main import EXIT_NOT_FOUND, EXIT_OK, complain

    if as_json:
        output.print_json(found)
    else:
        for number, lines in enumerate(texts):
            click.echo("\n" * (number > 0) + "\n".join(map(output.visible, lines)))
    if not found:
        complain("no reports came in these days; `skrytka dns DOMAIN` says whether the domain asks for them")
        return EXIT_NOT_FOUND
    return EXIT_OK
