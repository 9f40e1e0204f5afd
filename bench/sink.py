"""Debian's smtp-sink: takes mail and throws it away; here it says when."""

import re
import subprocess
import threading
import time

_COUNT = re.compile(rb"mesg=(\d+)")
READ_BYTES = 65536


class Sink:
    """``with Sink(port) as sink``: the times at which its count moved."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._news = threading.Condition()
        self._count = 0
        self._first_s = 0.0
        self._last_s = 0.0

    def __enter__(self) -> "Sink":
        command = ["smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{self.port}", "256"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        rest = b""
        while piece := self._process.stdout.read(READ_BYTES):
            now_s = time.perf_counter()
            rest = (rest + piece)[-200:]
            found = _COUNT.findall(rest)
            with self._news:
                count = int(found[-1]) if found else 0
                if count > self._count:
                    self._count, self._last_s = count, now_s
                    self._first_s = self._first_s or now_s
                    self._news.notify_all()

    def rate(self, messages: int, limit_s: float) -> float:
        """Messages a second from the first to the last of so many; TimeoutError."""
        end_s = time.monotonic() + limit_s
        with self._news:
            while self._count < messages:
                if time.monotonic() > end_s:
                    raise TimeoutError(f"{self._count} of {messages} messages after {limit_s} s")
                self._news.wait(1.0)
            return messages / (self._last_s - self._first_s)
