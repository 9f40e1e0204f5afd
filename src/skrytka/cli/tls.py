"""``skrytka tls``: which TLS sessions have, and who is behind."""

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import click

from skrytka.cli import options, output
from skrytka.cli.language import Language, language_of, language_option

if TYPE_CHECKING:
    from skrytka.model.settings import LegacyTls
    from skrytka.protocol.tlspolicy.usage import TlsUse

DAYS = 7
SHOWN_MAX = 100
_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "service": "service",
        "sessions": "sessions",
        "encrypted": "encrypted",
        "failed": "failed",
        "verified": "verified",
        "who": "who",
        "names": "known as",
        "count": "times",
        "last": "last time",
        "title": "Not at TLS 1.3: in clear, then what is weak, then TLS 1.2.",
        "none": "Everybody has TLS 1.3.",
        "more": "and {count} more (--json shows all)",
        "exceptions": "Exceptions of [[tls.legacy]]:",
        "until": "until",
        "over": "over",
        "owner": "owner",
        "allows": "allows",
        "in": "from",
        "out": "to",
    },
    "pl": {
        "service": "usługa",
        "sessions": "sesje",
        "encrypted": "szyfrowane",
        "failed": "nieudane",
        "verified": "sprawdzone",
        "who": "kto",
        "names": "znany jako",
        "count": "ile razy",
        "last": "ostatnio",
        "title": "Bez TLS 1.3: najpierw jawnie, potem słabo, potem TLS 1.2.",
        "none": "Wszyscy mają TLS 1.3.",
        "more": "i jeszcze {count} (wszystko pokazuje --json)",
        "exceptions": "Wyjątki z [[tls.legacy]]:",
        "until": "do dnia",
        "over": "minął",
        "owner": "odpowiada",
        "allows": "pozwala na",
        "in": "od",
        "out": "do",
    },
}
_GRADES: Final[dict[Language, dict[str, str]]] = {
    "en": {"new": "TLS 1.3", "aging": "TLS 1.2", "weak": "weak", "clear": "in clear"},
    "pl": {"new": "TLS 1.3", "aging": "TLS 1.2", "weak": "słabe", "clear": "jawne"},
}


@click.group()
def tls() -> None:
    """Which TLS sessions have."""


@tls.command()
@click.option("--days", type=click.IntRange(1, 3660), default=DAYS, show_default=True, help="How far back.")
@language_option
@options.json_option
@options.installation_options
def report(*, days: int, language: str | None, as_json: bool) -> int:
    """Sessions by service and TLS, in and out; who still uses TLS 1.2 or a weak suite, who sends in clear."""
    from skrytka.cli.main import EXIT_NOT_FOUND, EXIT_OK, complain
    from skrytka.daemon.config import load
    from skrytka.daemon.tls_log import tls_use
    from skrytka.store.system import SystemClock

    legacy = load(options.config_path()).settings.tls.legacy
    today = dt.datetime.fromtimestamp(SystemClock().now_ms() / 1000, dt.UTC).date()
    found = tls_use(options.layout().events, today - dt.timedelta(days=days - 1))
    exceptions = [_exception(one, found, today) for one in legacy]
    if as_json:
        named = {name: getattr(found, name) for name in found.__struct_fields__}
        output.print_json({**named, "exceptions": exceptions})
    elif found.services:
        _print(found, language_of(language))
    if exceptions and not as_json:
        _print_exceptions(exceptions, _WORDS[language_of(language)])
    if not found.services:
        complain("there were no sessions in these days")
        return EXIT_NOT_FOUND
    return EXIT_OK


def _print(found: "TlsUse", language: Language) -> None:
    words, grades = _WORDS[language], _GRADES[language]
    columns = [words["service"], words["sessions"], words["encrypted"], *grades.values()]
    columns += [words["failed"], words["verified"]]
    rows = []
    for each in found.services:
        counts = {grades[grade.value]: each.grades[grade] for grade in each.grades}
        rows.append(
            {
                words["service"]: each.service,
                words["sessions"]: each.sessions,
                words["encrypted"]: f"{each.encrypted_percent} %",
                **counts,
                words["failed"]: each.failed if each.direction == "out" else None,
                words["verified"]: each.verified if each.direction == "out" else None,
            }
        )
    output.print_rows(columns, rows, as_json=False)
    click.echo()
    _print_peers(found, words)


def _exception(one: "LegacyTls", found: "TlsUse", today: dt.date) -> dict[str, Any]:
    """An exception of the settings, and how many sessions of these days needed it."""
    from skrytka.protocol.tlspolicy.usage import Grade

    uses = sum(each.grades[Grade.WEAK] for each in found.services if each.service == one.listener)
    named = {name: getattr(one, name) for name in one.__struct_fields__}
    return {**named, "is_over": dt.date.fromisoformat(one.until) < today, "uses": uses}


def _print_exceptions(exceptions: list[dict[str, Any]], words: dict[str, str]) -> None:
    click.echo()
    click.echo(words["exceptions"])
    columns = (words["service"], words["until"], words["owner"], words["allows"], words["count"])
    rows = []
    for one in exceptions:
        until = f"{one['until']} ({words['over']})" if one["is_over"] else one["until"]
        allows = ", ".join((one["version"], *one["suites"]))
        rows.append(dict(zip(columns, (one["listener"], until, one["owner"], allows, one["uses"]), strict=True)))
    output.print_rows(columns, rows, as_json=False)


def _print_peers(found: "TlsUse", words: dict[str, str]) -> None:
    if not found.peers:
        click.echo(words["none"])
        return
    click.echo(words["title"])
    columns = ("tls", words["service"], words["who"], words["names"], words["count"], words["last"])
    rows = [
        dict(
            zip(
                columns,
                (
                    each.tls or "-",
                    each.service,
                    f"{words[each.direction]} {each.peer or '?'}",
                    ", ".join(each.names) or None,
                    each.count,
                    each.last_at,
                ),
                strict=True,
            )
        )
        for each in found.peers[:SHOWN_MAX]
    ]
    output.print_rows(columns, rows, as_json=False)
    if left := max(0, len(found.peers) - SHOWN_MAX) + found.others:
        click.echo(words["more"].format(count=left))
