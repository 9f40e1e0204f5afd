"""What other servers say about mail in our names and about TLS with us, out of the event log."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from skrytka.mail.admin.commands.base import Args, Command, CommandDeps, Progress, Route, on_domain_or_all
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.reports.digest import Digest, TlsDigest
from skrytka.protocol.reports.failure_digest import FailureDigest

DAYS: Final = 30
DAYS_MAX: Final = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Each for a domain, None for all, and so many days back."""

    dmarc: Callable[[str | None, int], Awaitable[list[Digest]]]
    failures: Callable[[str | None, int], Awaitable[list[FailureDigest]]]
    tls: Callable[[str | None, int], Awaitable[list[TlsDigest]]]


class ReportArgs(Args, frozen=True, kw_only=True):
    domain: str | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = DAYS


def _row(name: str, result: Any, path: str) -> Command:
    async def run(deps: CommandDeps, args: ReportArgs, _actor: Actor, _progress: Progress) -> object:
        if deps.reports is None:
            raise PermanentError(Reason.UNSUPPORTED, "this process cannot read the event log")
        return await getattr(deps.reports, name)(on_domain_or_all(args).domain, args.days)

    return Command(
        args=ReportArgs,
        result=result,
        permission=Permission.REPORT_READ,
        scope=on_domain_or_all,
        row_domain=lambda row: str(row.domain),
        run=run,
        route=Route("GET", path),
    )


REPORTS: Final[dict[str, Command]] = {
    "report.dmarc": _row("dmarc", list[Digest], "/reports/dmarc"),
    "report.failures": _row("failures", list[FailureDigest], "/reports/failures"),
    "report.tls": _row("tls", list[TlsDigest], "/reports/tls"),
}
