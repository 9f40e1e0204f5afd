"""The table of commands as places below ``/api/v1``: arguments from path, query or body, answers as JSON.

Lists come in pages (``limit``, ``cursor``). Every answer to a GET has an ETag; ``If-Match`` on a change is compared
with what the nearest GET above it shows now (RFC 9110 13.1.1). One change at a time: what was compared is changed. Slow
ones wait for each other alone, or nobody could lock an account while the store is checked.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, get_origin

import msgspec

from skrytka.mail.admin.commands.base import Args, Command, CommandDeps
from skrytka.mail.admin.commands.run import MENDS, execute, secret_hook
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.model.actor import Actor
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, ReasonedError, TransientError
from skrytka.protocol.http.server import Response
from skrytka.web.api.auth import Asker, Authentication, Refusal, demand_json
from skrytka.web.api.problems import problem, problem_of
from skrytka.web.api.repeats import once
from skrytka.web.http import JSON, Page, WebRequest

T = TypeVar("T")

BASE: Final = "/api/v1"
PAGE: Final = 100
PAGE_MAX: Final = 500
SHOWN: Final = {command.route.path: name for name, command in COMMANDS.items() if command.route.method == "GET"}
AROUND: Final = 250  # rows before and behind its place where the row of a cursor is looked for
CURSOR: Final = "^([0-9]{1,9})-([0-9a-f]{24})$"
_PAGING: Final = ("limit", "cursor")


class ApiCommands:
    """Its pages."""

    def __init__(self, deps: CommandDeps, authentication: Authentication) -> None:
        self._deps = deps
        self._authentication = authentication
        self._changing = asyncio.Lock()
        self._slow = asyncio.Lock()

    def pages(self) -> list[Page]:
        return [
            Page(command.route.method, BASE + command.route.path, self._page(name))
            for name, command in COMMANDS.items()
        ]

    def _page(self, name: str) -> Any:
        async def page(request: WebRequest) -> Response:
            try:
                asker = await self._authentication.of(request)
                if request.method == "GET":
                    return await self._show(name, request, asker.actor)
                return await self._change(name, request, asker)
            except Refusal as refusal:
                return refusal.response
            except UNREADABLE as exc:
                return problem(422, str(exc), Reason.BAD_SYNTAX.value)
            except (PermanentError, TransientError) as exc:
                return _refused(exc)

        return page

    async def _show(self, name: str, request: WebRequest, actor: Actor) -> Response:
        query = dict(request.query)
        paging: dict[str, str] = {key: query.pop(key) for key in _PAGING if key in query and is_list(COMMANDS[name])}
        args = read_args(COMMANDS[name], _once(request.params, query), is_text=True)
        result = await execute(self._deps, name, args, actor, _nothing)
        body = encode(page_of(result, paging) if isinstance(result, list | tuple) else result)
        tag = etag(body)
        if request.field("if-none-match") == tag:
            return Response(304, fields=(("ETag", tag),))
        return Response(200, body, (JSON, ("ETag", tag)))

    async def _change(self, name: str, request: WebRequest, asker: Asker) -> Response:
        async def work() -> Response:
            try:
                async with self._slow if COMMANDS[name].is_slow else self._changing:
                    return await self._changed(name, request, asker.actor)
            except Refusal as refusal:
                return refusal.response
            except ReasonedError as exc:
                return _refused(exc)
            except UNREADABLE as exc:
                return problem(422, str(exc), Reason.BAD_SYNTAX.value)

        return await once(self._deps.admin.repeats, asker, request, work)

    async def _changed(self, name: str, request: WebRequest, actor: Actor) -> Response:
        command = COMMANDS[name]
        args = read_change(command, request)
        wanted = request.field("if-match")
        if wanted and wanted != "*" and wanted != await self._tag_now(command, request, actor):
            return problem(412, "it has changed since you looked", "not_permitted", "look again")
        result = await execute(self._deps, name, args, actor, _nothing)
        return Response(200, encode(result), (JSON,))

    async def _tag_now(self, command: Command, request: WebRequest, actor: Actor) -> str:
        """Of what the nearest place above shows; "" where nothing is."""
        path = command.route.path
        while path and path not in SHOWN:
            path = path.rpartition("/")[0]
        if not path:
            return ""
        shown = COMMANDS[SHOWN[path]]
        names = set(re.findall(r"{(\w+)}", path))
        try:
            args = read_args(shown, {key: value for key, value in request.params.items() if key in names}, is_text=True)
            result = await execute(self._deps, SHOWN[path], args, actor, _nothing)
        except PermanentError:
            return ""
        return etag(encode(page_of(result, {}) if isinstance(result, list | tuple) else result))


def read_change(command: Command, request: WebRequest) -> Args:
    """Arguments of a change: from the path and the body, of DELETE from the query. :class:`Refusal`, or UNREADABLE."""
    if request.method == "DELETE":
        if request.body:
            raise Refusal(problem(400, "DELETE has no content here", Reason.BAD_SYNTAX.value))
        return read_args(command, _once(request.params, request.query), is_text=True)
    if request.query:
        raise Refusal(problem(400, "a change has its arguments in the content", Reason.BAD_SYNTAX.value))
    if request.body:
        demand_json(request)
    try:
        given = msgspec.json.decode(request.body or b"{}", type=dict[str, msgspec.Raw])
    except UNREADABLE as exc:
        raise Refusal(problem(400, str(exc), Reason.BAD_SYNTAX.value)) from exc
    params = {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in request.params.items()}
    raw = msgspec.json.encode(_once(params, given))
    return msgspec.json.decode(raw, type=command.args, dec_hook=secret_hook)


def _once(in_path: Mapping[str, T], beside: Mapping[str, T]) -> dict[str, T]:
    """Both, if no name stands in both: what a place says it is about is what is changed."""
    if both := in_path.keys() & beside.keys():
        raise Refusal(problem(400, f"in the path and beside it: {', '.join(sorted(both))}", Reason.BAD_SYNTAX.value))
    return {**in_path, **beside}


def read_args(command: Command, given: Mapping[str, str], *, is_text: bool) -> Args:
    """Arguments that came as text: "true" is a boolean where one is wanted, "5" a number."""
    return msgspec.convert(dict(given), command.args, strict=not is_text, dec_hook=secret_hook)


def is_list(command: Command) -> bool:
    return get_origin(command.result) in (list, tuple, Sequence)


def page_of(rows: Sequence[Any], paging: Mapping[str, str]) -> dict[str, Any]:
    """So many rows, and where the next ones begin. A cursor holds though some rows come and go before it."""
    limit = paging.get("limit", str(PAGE))
    if not limit.isdecimal() or not limit.isascii() or not 1 <= int(limit[:9]) <= PAGE_MAX:
        raise PermanentError(Reason.BAD_SYNTAX, f"limit is 1 to {PAGE_MAX}")
    start = _start(rows, paging["cursor"]) if "cursor" in paging else 0
    found = rows[start : start + int(limit)]
    end = start + len(found)
    more = {"next": f"{end}-{_name(found[-1])}"} if end < len(rows) and found else {}
    return {"items": found, **more}


def _start(rows: Sequence[Any], cursor: str) -> int:
    match = re.fullmatch(CURSOR, cursor)
    if match is None:
        raise PermanentError(Reason.BAD_SYNTAX, "that is no cursor of ours")
    wanted = int(match[1])
    near = range(max(0, wanted - AROUND), min(len(rows), wanted + AROUND))
    names = (
        place for place in sorted(near, key=lambda place: abs(place - wanted + 1)) if _name(rows[place]) == match[2]
    )
    found = next(names, None)
    return wanted if found is None else found + 1


def _name(row: Any) -> str:
    return hashlib.sha256(encode(row)).hexdigest()[:24]


def encode(value: object) -> bytes:
    return msgspec.json.encode(value)


def etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _refused(error: ReasonedError) -> Response:
    return problem_of(error, MENDS.get(error.reason, "") if "skrytka" not in MENDS.get(error.reason, "") else "")


async def _nothing(_text: str) -> None:
    """Nobody hears of progress over HTTP."""
