"""Errors as RFC 9457 has them: ``application/problem+json``, with a closed ``reason``."""

from typing import Final

import msgspec

from skrytka.model.errors import Reason, ReasonedError, TransientError
from skrytka.protocol.http.server import PHRASES, Response
from skrytka.web.http import PROBLEM

CHALLENGE: Final = 'Bearer realm="skrytka"'
RETRY_S: Final = 10  # where only waiting helps
STATUS: Final[dict[Reason, int]] = {
    Reason.BAD_SYNTAX: 422,
    Reason.TOO_LARGE: 422,
    Reason.TOO_MANY: 422,
    Reason.WEAK_PASSWORD: 422,
    Reason.BAD_CREDENTIALS: 401,
    Reason.NOT_PERMITTED: 403,
    Reason.STEP_UP_NEEDED: 403,
    Reason.APPROVAL_NEEDED: 403,
    Reason.ACCOUNT_SUSPENDED: 403,
    Reason.NO_SUCH_USER: 404,
    Reason.NO_SUCH_DOMAIN: 404,
    Reason.NO_SUCH_MAILBOX: 404,
    Reason.NO_SUCH_OBJECT: 404,
    Reason.ALREADY_EXISTS: 409,
    Reason.UNSUPPORTED: 409,  # here and now: no error of the server
    Reason.RATE_LIMITED: 429,
}


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


def problem_of(error: ReasonedError, mend: str = "") -> Response:
    """What a command has refused; whatever else waits for something is 503."""
    is_transient = isinstance(error, TransientError)
    status = STATUS.get(error.reason, 503 if is_transient else 409)
    detail = error.detail or error.reason.value.replace("_", " ")
    retry_s = RETRY_S if is_transient else None
    return problem(status, detail, error.reason.value, mend, retry_s)
