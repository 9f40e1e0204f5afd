"""A bug as an event: where in our code and what kind, nothing of what the peer sent."""

import asyncio
import sys
from collections.abc import Callable
from types import FrameType

from skrytka.model.events import BugCaught, Emitter
from skrytka.model.ids import TraceId

_OURS = "skrytka."


def bug_caught(exc: BaseException, trace: TraceId | None = None) -> BugCaught:
    """The event; ``where`` is the innermost line of ours, as "module:function:line". The exception's text stays out."""
    innermost: tuple[FrameType, int] | None = None
    step = exc.__traceback__
    while step is not None:
        if innermost is None or _module(step.tb_frame).startswith(_OURS):
            innermost = (step.tb_frame, step.tb_lineno)
        step = step.tb_next
    where = "?"
    if innermost is not None:
        frame, line = innermost
        where = f"{_module(frame)}:{frame.f_code.co_name}:{line}"
    return BugCaught(trace=trace, where=where, error=type(exc).__qualname__)


def loop_handler(events: Emitter) -> Callable[[asyncio.AbstractEventLoop, dict[str, object]], None]:
    """For ``loop.set_exception_handler``: what fails in a callback (a transport's, a timer's) is an event too."""

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        exc = context.get("exception")
        if isinstance(exc, BaseException):
            events.emit(bug_caught(exc))
        else:
            events.emit(BugCaught(where="event loop", error="Warning"))

    return handle


def unraisable_hook(events: Emitter) -> "Callable[[sys.UnraisableHookArgs], None]":
    """For ``sys.unraisablehook``: what fails in a destructor or a C callback is an event, not a text on stderr.

    A client can provoke one of them at will: the ssl module reports a server name (SNI) that is not ASCII this way,
    with the name. The handshake ends with an alert, nothing is wrong with us, so nothing is recorded.
    """

    def handle(args: "sys.UnraisableHookArgs") -> None:
        is_server_name = isinstance(args.exc_value, UnicodeDecodeError) and isinstance(args.object, bytes)
        if args.exc_value is not None and not is_server_name:
            events.emit(bug_caught(args.exc_value))

    return handle


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
