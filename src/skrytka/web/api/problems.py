"""Errors as RFC 9457 has them: ``application/problem+json``, with a closed ``reason``."""

from typing import Final

import msgspec

from skrytka.protocol.http.server import PHRASES, Response
from skrytka.web.http import PROBLEM


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 3.1; ``type`` is left out: "about:blank"."""

    title: str
    status: int
    detail: str = ""
    reason: str = ""  # of model.errors.Reason
    mend: str = ""


def problem(status: int, detail: str = "", reason: str = "", mend: str = "", retry_s: int | None = None) -> Response:
    """The answer for an error."""
    body = Problem(title=PHRASES[status], status=status, detail=detail, reason=reason, mend=mend)
    fields: tuple[tuple[str, str], ...] = () if retry_s is None else (("Retry-After", str(retry_s)),)
    if status == 401:
        fields = (*fields, ("WWW-Authenticate", CHALLENGE))  # RFC 9110 15.5.2
    return Response(status, msgspec.json.encode(body), (PROBLEM, *fields))


CHALLENGE: Final = 'Bearer realm="skrytka"'
