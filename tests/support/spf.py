"""DNS as a table, for checks that ask: what stands in no table does not exist."""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Final, get_args

from skrytka.model.dns import Answer, Mx, Record, Status
from skrytka.protocol.mailauth.query import Check, Query, RdType, run_with
from skrytka.protocol.mailauth.spf.check import check_host
from skrytka.protocol.mailauth.spf.result import Identity, Scope, SpfResult

Zone = Mapping[str, Iterable[tuple[str, object]]]
TIMEOUT: Final = ("*", None)  # a name for whose other types nobody answers
CNAMES_MAX = 8


def table(zone: Zone) -> dict[Query, Answer | None]:
    """``{name: [(type, value), ...]}`` as answers; a CNAME is followed, as a resolver does."""
    names = {name.lower(): list(entries) for name, entries in zone.items()}
    rdtypes: tuple[RdType, ...] = get_args(RdType)
    return {Query(name, rdtype): _answer(names, name, rdtype) for name in names for rdtype in rdtypes}


def _answer(names: dict[str, list[tuple[str, object]]], name: str, rdtype: str) -> Answer | None:
    for _ in range(CNAMES_MAX):
        entries = names.get(name)
        if entries is None:
            return Answer(Status.NXDOMAIN)
        if found := tuple(_record(kind, value) for kind, value in entries if kind == rdtype):
            return Answer(Status.NOERROR, found)
        if TIMEOUT in entries:
            return None
        alias = next((str(value) for kind, value in entries if kind == "CNAME"), None)
        if alias is None:
            return Answer(Status.NODATA)
        name = _host(alias)
    return None


def _record(kind: str, value: object) -> Record:
    match kind, value:
        case "TXT", bytes():
            return value
        case "MX", (int() as preference, str() as exchange):
            return Mx(preference, _host(exchange))
        case (("PTR" | "CNAME"), str()):
            return _host(value)
        case _:
            return str(ip_address(str(value)))


def _host(name: str) -> str:
    return name.lower().removesuffix(".")


def identity(mail_from: str, helo: str) -> Identity:
    """As a suite gives it: text that no parser of ours has seen."""
    local, _, domain = mail_from.rpartition("@")
    scope: Scope = "mfrom" if mail_from else "helo"
    return Identity(scope, local or "postmaster", domain or helo)


def drive(check: Check[SpfResult], answer: Callable[[Query], Answer | None]) -> tuple[SpfResult, list[Query]]:
    """As run_with(), with all that was asked."""
    asked: list[Query] = []
    try:
        asked.append(next(check))
        while True:
            asked.append(check.send(answer(asked[-1])))
    except StopIteration as done:
        result: SpfResult = done.value
        return result, asked


def run(zone: Zone, ip: str, mail_from: str, helo: str = "mail.example.org") -> SpfResult:
    return run_with(check_host(identity(mail_from, helo), ip=ip_address(ip), helo=helo), table(zone))
