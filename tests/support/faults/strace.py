"""strace on running processes: attached, detached, and its lines as calls that began and ended."""

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

CALLS: Final = (
    "write,pwrite64,writev,pwritev,sendto,sendmsg,ftruncate,fdatasync,fsync,rename,renameat,renameat2,openat,unlink"
)
_ATTACHED: Final = re.compile(r"Process (\d+) attached")
_LINE: Final = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)")
_BEGAN: Final = re.compile(r"(?P<name>\w+)\((?P<arguments>.*?) *<unfinished \.\.\.>$")
_RESUMED: Final = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)\) += (?P<result>.*)$")
_WHOLE: Final = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>.*)$")
_DESCRIPTOR: Final = re.compile(r"-?\d+<(?P<path>[^>]*(?:->[^>]*)?)>")
_TEXT: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Call(NamedTuple):
    """A system call that succeeded; ``began`` and ``ended`` are line numbers, which order all calls of all threads."""

    name: str
    arguments: str
    began: int
    ended: int

    @property
    def path(self) -> str:
        """What its first argument, a descriptor, stands for."""
        match = _DESCRIPTOR.match(self.arguments)
        return match["path"] if match else ""

    @property
    def texts(self) -> list[str]:
        """Its arguments in quotes: names, data."""
        return _TEXT.findall(self.arguments)


def parse(lines: Iterable[str]) -> list[Call]:
    """Calls in the order of their ends; those that failed are left out."""
    calls: list[Call] = []
    open_calls: dict[str, tuple[str, str, int]] = {}
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None:
            continue
        pid, rest = match["pid"], match["rest"]
        if began := _BEGAN.match(rest):
            open_calls[pid] = (began["name"], began["arguments"], number)
        elif resumed := _RESUMED.match(rest):
            name, arguments, start = open_calls.pop(pid, (resumed["name"], "", number))
            _add(calls, Call(name, arguments + resumed["arguments"], start, number), resumed["result"])
        elif whole := _WHOLE.match(rest):
            _add(calls, Call(whole["name"], whole["arguments"], number, number), whole["result"])
    return calls


def _add(calls: list[Call], call: Call, result: str) -> None:
    if not result.startswith("-1 "):
        calls.append(call)


@contextlib.contextmanager
def traced(pids: Iterable[int], log: Path) -> Iterator[None]:
    """All threads of these processes are traced for the time of the block; then ``log`` holds what they called."""
    wanted = {str(pid) for pid in pids}
    options = [option for pid in sorted(wanted) for option in ("-p", pid)]
    command = ["strace", "-f", "-y", "-s", "80", "-e", f"trace={CALLS}", "-o", str(log), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        while wanted:
            line = process.stderr.readline()
            assert line, "strace ended"
            if match := _ATTACHED.search(line):
                wanted.discard(match[1])
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        if process.stderr is not None:
            process.stderr.close()
