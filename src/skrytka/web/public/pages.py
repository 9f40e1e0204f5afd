"""What is at which place. Everything else is 404, and a name that is not ours is sent nowhere.

In clear are served the challenges of ACME, which must be (RFC 8555 8.3); the rest is there under TLS, and who asks for
it in clear is sent to the same place there. A policy is never reached by a redirect (RFC 8461 3.3).
"""

import re
from typing import Final

from skrytka.protocol.http.dates import http_date
from skrytka.protocol.http.server import Request, Response
from skrytka.protocol.tlspolicy import published
from skrytka.web.public import security_txt
from skrytka.web.public.deps import PublicDeps

CHALLENGES: Final = "/.well-known/acme-challenge/"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,256}")  # RFC 8555 8.3: base64url, 128 bit of chance at least
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_SAFE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
_HSTS = ("Strict-Transport-Security", "max-age=31536000")  # RFC 6797 6.1: this host alone, not what is below it
_KEPT = ("Cache-Control", "max-age=3600")
_NOT_KEPT = ("Cache-Control", "no-store")


async def answer(request: Request, deps: PublicDeps, *, is_secure: bool) -> Response:
    """The response to one GET or HEAD."""
    if request.path.startswith(CHALLENGES):
        return _finished(_challenge(request.path.removeprefix(CHALLENGES), deps), deps, is_secure=is_secure)
    owner = await _owner(request.host, deps)
    if owner is None:
        found = None
    elif not is_secure:
        place = f"https://{request.host}{request.path}"
        found = Response(301, fields=(("Location", place), _KEPT)) if deps.is_redirecting else None
    else:
        found = _page(request, deps)
    return _finished(found, deps, is_secure=is_secure)


def problem(status: int, deps: PublicDeps, *, is_secure: bool) -> Response:
    """A status with its number as text."""
    fields = (("Allow", "GET, HEAD"),) if status == 405 else ()  # RFC 9110 15.5.6
    return _finished(Response(status, b"%d\r\n" % status, (_TEXT, _NOT_KEPT, *fields)), deps, is_secure=is_secure)


def _challenge(token: str, deps: PublicDeps) -> Response | None:
    body = deps.challenges.http(token) if _TOKEN.fullmatch(token) else None
    return None if body is None else Response(200, body, (("Content-Type", "application/octet-stream"), _NOT_KEPT))


async def _owner(host: str, deps: PublicDeps) -> str | None:
    """The domain in whose name a host speaks: our own name, a hosted domain or its policy host."""
    if host == deps.hostname:
        return host
    domain = host.removeprefix(published.HOST_PREFIX)
    return domain if "." in domain and await deps.is_hosted(domain) else None


def _page(request: Request, deps: PublicDeps) -> Response | None:
    is_policy_host = request.host.startswith(published.HOST_PREFIX) and request.host != deps.hostname
    if request.path == published.PATH and is_policy_host and deps.policy is not None:
        return Response(200, deps.policy.text(), (_TEXT, _KEPT))
    if request.path == security_txt.PATH and deps.security_txt.contacts:
        body = security_txt.render(deps.security_txt, request.host, deps.clock.now_ms())
        return Response(200, body, (_TEXT, _KEPT))
    return None


def _finished(found: Response | None, deps: PublicDeps, *, is_secure: bool) -> Response:
    response = found or Response(404, b"404\r\n", (_TEXT, _NOT_KEPT))
    date = ("Date", http_date(deps.clock.now_ms()))  # RFC 9110 6.6.1
    return Response(response.status, response.body, (date, *response.fields, *_SAFE, *([_HSTS] if is_secure else [])))
