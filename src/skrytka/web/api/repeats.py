"""Idempotency-Key: a change that is sent twice happens once and has the same answer.

By the session or key that asked: an answer may have a secret in it, and another session of the account may do less.
"""

import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from skrytka.mail.identity.repeats import Repeats, Said
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.protocol.http.server import Response
from skrytka.web.api.auth import Asker, Refusal
from skrytka.web.api.problems import problem
from skrytka.web.http import WebRequest

KEY_MAX: Final = 64


async def once(kept: Repeats, asker: Asker, request: WebRequest, work: Callable[[], Awaitable[Response]]) -> Response:
    """The answer of ``work``, or that of before; what was refused, or failed, was not done and may be tried again.

    PermanentError, TransientError: as :meth:`Repeats.begin`; Refusal: it is being worked on, or was broken off.
    """
    keys, account = request.fields.get("idempotency-key", ()), asker.actor.account
    if len(keys) > 1 or len(key := "".join(keys)) > KEY_MAX:
        raise PermanentError(Reason.BAD_SYNTAX, f"one Idempotency-Key of {KEY_MAX} characters at most")
    if not key or account is None:
        return await work()
    name = f"{asker.shown}\0{key}".encode()
    before = await _before(kept, account, name, request)
    if before is not None:
        return Response(before.status, before.body, before.fields)
    try:
        response = await work()
    except Exception:  # not if it was broken off: then nobody knows whether it is done, and it is not done again
        await kept.end(account, name, None)
        raise
    is_final = response.status < 400  # who proves again who he is goes on with the same key
    with contextlib.suppress(TransientError):  # the answer is what it is; asked again it is not known what became of it
        await kept.end(account, name, Said(response.status, response.body, response.fields) if is_final else None)
    return response


async def _before(kept: Repeats, account: AccountId, name: bytes, request: WebRequest) -> Said | None:
    try:
        return await kept.begin(account, name, _asked(request))
    except PermanentError as exc:
        if exc.reason is not Reason.ALREADY_EXISTS:
            raise
        said = problem(409, exc.detail, exc.reason.value, "if it was not done, send it with another Idempotency-Key")
        raise Refusal(said) from exc


def _asked(request: WebRequest) -> bytes:
    asked = repr((request.method, request.segments, sorted(request.query.items()), request.body))
    return hashlib.sha256(asked.encode()).digest()
