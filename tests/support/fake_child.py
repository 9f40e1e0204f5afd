"""A child of the supervisor that does nothing but what its name and its folder's ``fake-<name>`` file say.

Run as ``python -P fake_child.py NAME FD``. The file holds words: ``mute`` (never ready), ``die`` (exit 3 at once),
``deaf`` (does not end at Drain), ``talk`` (asks for a key and a limit before it is ready).
"""

import signal
import socket
import sys
from pathlib import Path

import msgspec

from skrytka.daemon import channel
from skrytka.daemon.messages import (
    Drain,
    InspectorSocket,
    KeyRequest,
    LimitTake,
    Message,
    Ready,
    Reload,
    Reloaded,
    Start,
    StoreSocket,
)


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    name, control = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
    got = channel.receive_blocking(control)
    if got is None or not isinstance(start := got[0], Start):
        return 1
    root = Path(start.root)
    orders = root / f"fake-{name}"
    words = orders.read_text().split() if orders.exists() else []
    log = (root / f"log-{name}").open("a", buffering=1)
    print("start", ",".join(start.sockets), file=log)
    if "die" in words:
        return 3
    if "talk" in words:
        talk(control, log)
    if "mute" not in words:
        channel.send_blocking(control, Ready())
    return serve(control, log, is_deaf="deaf" in words)


def talk(control: socket.socket, log: object) -> None:
    questions: list[Message] = [
        KeyRequest(call=1, subject="node:pepper"),
        KeyRequest(call=2, subject="account:7"),
        KeyRequest(call=3, subject="account:7", is_new=True),
        LimitTake(call=4, rule="r", key="k", cost=1, limit=1, window_s=3600.0),
        LimitTake(call=5, rule="r", key="k", cost=1, limit=1, window_s=3600.0),
    ]
    for question in questions:
        channel.send_blocking(control, question)
        while (got := channel.receive_blocking(control)) is not None and isinstance(
            got[0], StoreSocket | InspectorSocket
        ):
            pass
        assert got is not None
        print("answer", msgspec.to_builtins(got[0]).get("is_allowed", type(got[0]).__name__), file=log)  # type: ignore[call-overload]


def serve(control: socket.socket, log: object, *, is_deaf: bool) -> int:
    while (got := channel.receive_blocking(control)) is not None:
        message, fds = got
        print(type(message).__name__, len(fds), file=log)  # type: ignore[call-overload]
        if isinstance(message, Reload):
            channel.send_blocking(control, Reloaded(detail="told"))
        if isinstance(message, Drain) and not is_deaf:
            return 0
    return 0


sys.exit(main())
