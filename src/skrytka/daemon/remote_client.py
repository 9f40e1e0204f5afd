"""One administrator's command, asked of another machine's server over its API: the same command, the same result.

The server's certificate has to be right. The token, a session's or a key's, stands in a file that nobody else may
read; so does the certificate of this machine, if it has one for that server: it is shown, and renewed in time.
"""

import asyncio
import contextlib
import datetime as dt
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from skrytka.daemon.own_certificate import OwnCertificate, Request, default_file
from skrytka.mail.admin.commands.base import Command
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.https import Https, UntrustedError, Url
from skrytka.net.sweeper import Sweeper
from skrytka.protocol.http.client import Received
from skrytka.store.system import SystemClock

BASE: Final = "/api/v1"
PAGE: Final = 500
ANSWER_S: Final = 600.0
ANSWER_MAX: Final = 16 * 1024 * 1024
_NO_CERTIFICATE: Final = ("ALERT_CERTIFICATE", "ALERT_UNKNOWN_CA")  # TLS alerts, as OpenSSL calls them
_FAMILIES: Final = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Remote:
    """Which server, as whom."""

    url: str  # https://host[:port]
    token_file: Path
    ca_file: Path | None = None  # instead of the authorities of this machine
    certificate_file: Path | None = None  # of this machine; None: where `skrytka cert enrol` keeps it


class SystemNames:
    """Names as the machine of an administrator knows them, which is no mail server."""

    def known(self, name: str, rdtype: str) -> Answer | None:
        return None

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                str(name), None, family=_FAMILIES[rdtype], type=socket.SOCK_STREAM
            )
        except OSError:
            return Answer(Status.NXDOMAIN)
        return Answer(Status.NOERROR, tuple(str(address[0]) for *_rest, address in found))


def ask(remote: Remote, command: str, args: dict[str, Any]) -> Any:
    """The command's result as JSON values; its error with cause and mend is raised."""
    return asyncio.run(_ask(remote, command, args))


def enrol(
    server: str, token: Secret, *, ca_file: Path | None, certificate_file: Path | None
) -> tuple[Path, dt.datetime]:
    """A certificate for this machine, for the token of an invitation: where it is kept, and when it ends."""
    url = _server(server)
    path, request = certificate_file or default_file(url), Request.new()
    body = {"token": token.reveal().decode("utf-8", "replace"), "request": request.pem}
    given = asyncio.run(_post(_https(ca_file, None), url, "/enrolment", body))
    return path, request.keep(path, given)


def _server(text: str) -> Url:
    """PermanentError(BAD_SYNTAX) for a place on it too: the API is at one place."""
    url = Url.parse(text.rstrip("/"))
    if url.path != "/":
        raise PermanentError(Reason.BAD_SYNTAX, f"{text!r}: https://HOST[:PORT] is wanted, and no place there")
    return url


async def _renewed(remote: Remote, url: Url) -> OwnCertificate | None:
    """What is shown. Where the next one is not to be had the server says why when it is asked for something."""
    clock, path = SystemClock(), remote.certificate_file or default_file(url)
    own = OwnCertificate.load(path, clock)
    if own is None or not own.is_due(clock):
        return own
    with contextlib.suppress(PermanentError, TransientError):
        request = Request.new()
        given = await _post(_https(remote.ca_file, own), url, "/enrolment/renewal", {"request": request.pem})
        request.keep(path, given)
    return OwnCertificate.load(path, clock)


async def _post(https: Https, url: Url, path: str, body: dict[str, str]) -> dict[str, Any]:
    fields = (("Accept", "application/json"), ("Content-Type", "application/json"))
    place, content = Url(url.host, url.port, BASE + path), msgspec.json.encode(body)
    received = await _received(https, place, "POST", fields, content)
    found: dict[str, Any] = _told(received)
    return found


def _https(ca_file: Path | None, own: OwnCertificate | None) -> Https:
    return Https(
        Dialer(Sweeper(SystemClock()), service="cli"),
        SystemNames(),
        ClientTls(Path("/"), None if own is None else own.path.absolute()),
        ca_file=None if ca_file is None else str(ca_file.absolute()),
    )


async def _ask(remote: Remote, name: str, args: dict[str, Any]) -> Any:
    url, token = _server(remote.url), read_token(remote.token_file)
    command = COMMANDS.get(name)
    if command is None:
        raise PermanentError(Reason.UNSUPPORTED, f"there is no command {name!r}")
    https = _https(remote.ca_file, await _renewed(remote, url))
    wanted = {key: value for key, value in args.items() if value is not None}
    found = _told(await _send(https, url, token, command, wanted))
    if command.route.method != "GET" or not isinstance(found, dict) or "items" not in found:
        return found
    rows = list(found["items"])
    while "next" in found:
        found = _told(await _send(https, url, token, command, wanted | {"cursor": found["next"]}))
        rows += found["items"]
    return rows


async def _send(https: Https, url: Url, token: Secret, command: Command, args: dict[str, Any]) -> Received:
    path, body = request(command, args)
    fields: tuple[tuple[str, str], ...] = (
        ("Authorization", f"Bearer {token.reveal().decode('ascii')}"),
        ("Accept", "application/json"),
    )
    if body is not None:
        fields += (("Content-Type", "application/json"),)
    place = Url(url.host, url.port, path)
    return await _received(https, place, command.route.method, fields, body)


async def _received(
    https: Https, place: Url, method: str, fields: tuple[tuple[str, str], ...], body: bytes | None
) -> Received:
    try:
        return await https.ask(place, method=method, fields=fields, body=body, seconds=ANSWER_S, body_max=ANSWER_MAX)
    except UntrustedError as exc:
        said = f"{exc.detail}: if a house of your own vouches for it, --ca-file FILE names that"
        raise PermanentError(Reason.NOT_PERMITTED, said) from exc
    except TransientError as exc:
        if any(alert in exc.detail for alert in _NO_CERTIFICATE):
            there = f"https://{place.authority}"
            said = f"{there} knows no certificate of this machine: skrytka cert enrol {there}"
            raise PermanentError(Reason.NOT_PERMITTED, said) from exc
        raise


def request(command: Command, args: dict[str, Any]) -> tuple[str, bytes | None]:
    """Where the command is, and its content."""
    left, path = dict(args), command.route.path
    for name in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{name}}}", quote(str(left.pop(name)), safe=""))
    if command.route.method in ("POST", "PUT"):
        return BASE + path, msgspec.json.encode(left)
    if command.route.method == "GET" and getattr(command.result, "__origin__", None) is list:
        left["limit"] = PAGE
    query = urlencode(
        {key: msgspec.json.encode(value) if isinstance(value, bool) else value for key, value in left.items()}
    )
    return BASE + path + (f"?{query}" if query else ""), None


def read_token(path: Path) -> Secret:
    """PermanentError(BAD_CONFIG) when it is not there, or others may read it."""
    try:
        mode, text = path.stat().st_mode, path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise PermanentError(Reason.BAD_CONFIG, f"{path}: no token can be read there ({exc})") from exc
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermanentError(Reason.BAD_CONFIG, f"{path}: others may read it; chmod 600 {path}")
    if not text.isprintable() or not text:
        raise PermanentError(Reason.BAD_CONFIG, f"{path}: that is no token")
    return Secret(text)


def _told(received: Received) -> Any:
    try:
        told = msgspec.json.decode(received.body) if received.body else None
    except UNREADABLE as exc:
        raise TransientError(Reason.UNREACHABLE, "what answers there is not Skrytka's API") from exc
    if received.status < 300:
        return told
    problem = told if isinstance(told, dict) else {}
    detail = "; ".join(text for text in (problem.get("detail", ""), problem.get("mend", "")) if text)
    try:
        reason = Reason(problem.get("reason", ""))
    except ValueError:
        reason = Reason.UNREACHABLE
    is_transient = received.status >= 500 or received.status == 429
    raise (TransientError if is_transient else PermanentError)(
        reason, detail or f"the server answered {received.status}"
    )
