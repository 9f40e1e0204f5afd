"""Idempotency-Key: a change that is sent twice happens once and has the same answer.

Kept in memory for an hour, by the session or key that asked: an answer may have a secret in it, and another session of
the same account may do less. It is for clients that lost an answer on the way, not a record.
"""

import hashlib
from collections import OrderedDict
from typing import Final, NamedTuple

from skrytka.model.clock import Clock
from skrytka.protocol.http.server import Response
from skrytka.web.api.problems import problem
from skrytka.web.http import WebRequest

KEPT_S: Final = 3600.0
KEPT_MAX: Final = 1000
KEY_MAX: Final = 64


class _Kept(NamedTuple):
    digest: bytes
    until_s: float
    response: Response | None  # None: it is being worked on


class Repeats:
    """Of one application."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def begin(self, who: str, request: WebRequest) -> Response | None:
        """The answer that was given before; None: do it, and then call :meth:`done` or :meth:`failed`."""
        key = request.field("idempotency-key")
        if not key:
            return None
        if len(key) > KEY_MAX:
            return problem(422, f"Idempotency-Key has {KEY_MAX} characters at most", "bad_syntax")
        found, now_s = self._kept.get((who, key)), self._clock.monotonic_s()
        if found is not None and now_s < found.until_s:
            if found.digest != _digest(request):
                return problem(422, "that Idempotency-Key was used for something else", "bad_syntax")
            return found.response or problem(409, "that is being worked on", "already_exists")
        self._kept[who, key] = _Kept(_digest(request), now_s + KEPT_S, None)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return None

    def done(self, who: str, request: WebRequest, response: Response) -> None:
        """What is answered to the next one; what failed for a while may be tried again."""
        name = (who, request.field("idempotency-key"))
        found = self._kept.get(name)
        if found is None:
            return
        if response.status >= 500 or response.status == 429:
            del self._kept[name]
        else:
            self._kept[name] = found._replace(response=response)

    def failed(self, who: str, request: WebRequest) -> None:
        """A bug: nobody knows what happened; it is not answered from memory."""
        self._kept.pop((who, request.field("idempotency-key")), None)


def _digest(request: WebRequest) -> bytes:
    asked = repr((request.method, request.segments, sorted(request.query.items()), request.body))
    return hashlib.sha256(asked.encode()).digest()
