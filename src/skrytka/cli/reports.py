"""``skrytka reports``: what other servers say about mail in our name and about TLS with us, in plain words."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, TypeVar

import click

from skrytka.cli import options, output
from skrytka.cli.language import language_of, language_option

P = ParamSpec("P")
R = TypeVar("R")
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
    from skrytka.daemon.report_log import dmarc_reports
    from skrytka.protocol.reports.digest import digest
    from skrytka.protocol.reports.digest_words import LANGUAGES, dmarc_text

    now_s, first_day = _since(days)
    found = digest(dmarc_reports(options.layout().events, first_day, _name(domain)), now_s)
    words = LANGUAGES[language_of(language)]
    if as_json:
        return _shown(found, [], as_json=True)
    single, texts = _single(domain, first_day, language)
    return _shown([*found, *single], [*(dmarc_text(each, words) for each in found), *texts], as_json=False)


@reports.command()
@_report_options
@language_option
@options.json_option
@options.installation_options
def failures(*, domain: str | None, days: int, language: str | None, as_json: bool) -> int:
    """Single messages that claimed to be from DOMAIN and were not proven, as others have told of them (RFC 9991)."""
    _now_s, first_day = _since(days)
    found, texts = _single(domain, first_day, language)
    return _shown(found, texts, as_json=as_json)


def _single(
    domain: str | None, first_day: dt.date, language: str | None
) -> tuple[Sequence[object], list[Iterable[str]]]:
    from skrytka.daemon.report_log import failure_reports
    from skrytka.protocol.reports.failure_digest import LANGUAGES, failure_digest, failure_text

    found = failure_digest(failure_reports(options.layout().events, first_day, _name(domain)))
    words = LANGUAGES[language_of(language)]
    return found, [failure_text(each, words) for each in found]


@reports.command()
@_report_options
@language_option
@options.json_option
@options.installation_options
def tls(*, domain: str | None, days: int, language: str | None, as_json: bool) -> int:
    """How TLS with the mail servers of DOMAIN (or of all your domains) went, and what to do (RFC 8460)."""
    from skrytka.daemon.report_log import tls_reports
    from skrytka.protocol.reports.digest import tls_digest
    from skrytka.protocol.reports.digest_words import LANGUAGES, tls_text

    _now_s, first_day = _since(days)
    found = tls_digest(tls_reports(options.layout().events, first_day, _name(domain)))
    words = LANGUAGES[language_of(language)]
    return _shown(found, [tls_text(each, words) for each in found], as_json=as_json)


def _since(days: int) -> tuple[int, dt.date]:
    """Now, and the first day that is looked at."""
    from skrytka.store.system import SystemClock

    options.check_installation()
    now_s = SystemClock().now_ms() // 1000
    return now_s, dt.datetime.fromtimestamp(now_s, dt.UTC).date() - dt.timedelta(days=days - 1)


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
