"""A bug as an event: where in our code and what kind, nothing of what the peer sent."""

from types import FrameType

from skrytka.model.events import BugCaught
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
    return BugCaught(trace=trace, where=where, kind=type(exc).__qualname__)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
