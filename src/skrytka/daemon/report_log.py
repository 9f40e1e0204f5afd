"""Reports of other servers as the event log has them, for ``skrytka reports``: read in the command's own process."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from skrytka.model.errors import UNREADABLE
from skrytka.model.events import DmarcFailureReceived, DmarcReportReceived, TlsReportReceived
from skrytka.protocol.reports.digest import TlsTold, Told, read_failure, read_policy, read_source
from skrytka.protocol.reports.failure_digest import FailureSeen
from skrytka.store.events.files import event_files
from skrytka.store.events.line import header_fields, kind_name, parse, personal_fields

T = TypeVar("T")


def dmarc_reports(folder: Path, first_day: dt.date, domain: str | None = None) -> Iterator[Told]:
    """Those that came since that day, about one domain or all."""
    return _events(folder, first_day, kind_name(DmarcReportReceived), domain, _told)


def tls_reports(folder: Path, first_day: dt.date, domain: str | None = None) -> Iterator[TlsTold]:
    """As :func:`dmarc_reports`."""
    return _events(folder, first_day, kind_name(TlsReportReceived), domain, _tls_told)


def failure_reports(folder: Path, first_day: dt.date, domain: str | None = None) -> Iterator[FailureSeen]:
    """As :func:`dmarc_reports`, of single messages; the domain is that in From, which may lie below one of ours."""
    return _events(folder, first_day, kind_name(DmarcFailureReceived), domain, _failure)


def lines_of(path: Path, kind: str) -> Iterator[bytes]:
    """Lines that may be events of a kind, without a look at the others."""
    mark = f'"kind":"{kind}"'.encode()
    with path.open("rb") as file:
        for raw in file:
            if mark in raw and raw.endswith(b"\n"):
                yield raw


def _events(
    folder: Path, first_day: dt.date, kind: str, domain: str | None, read: Callable[[dict[str, Any]], T]
) -> Iterator[T]:
    for path in event_files(folder):
        if path.stem != "mail" or path.parent.name < first_day.isoformat():
            continue
        for raw in lines_of(path, kind):
            try:
                line, header = parse(raw)
                fields = header_fields(line) | personal_fields(line)
                if header.kind == kind and domain in (None, fields["domain"]):
                    yield read(fields)
            except (*UNREADABLE, KeyError, TypeError):
                continue  # torn, or of another version: `events verify` tells of it


def _told(fields: dict[str, Any]) -> Told:
    return Told(
        **_common(fields),
        policy=fields["policy"],
        sources=tuple(filter(None, map(read_source, fields["sources"]))),
        left_off=fields["left_off"],
    )


def _failure(fields: dict[str, Any]) -> FailureSeen:
    names = ("domain", "sender", "is_proven", "failure", "alignment", "result", "source_ip", "at_s", "mail_from")
    dkim = {name: fields[name] for name in ("dkim_domain", "dkim_selector")}
    return FailureSeen(**{name: fields[name] for name in names}, **dkim, count=fields["incidents"])


def _tls_told(fields: dict[str, Any]) -> TlsTold:
    return TlsTold(
        **_common(fields),
        policies=tuple(filter(None, map(read_policy, fields["policies"]))),
        failures=tuple(filter(None, map(read_failure, fields["failures"]))),
    )


def _common(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in ("domain", "organization", "report_id", "begin_s", "end_s", "is_proven")}
