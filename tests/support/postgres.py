"""Debian's PostgreSQL 15 for tests: a server of one's own in a temporary folder, reached by a Unix socket.

As root it is run as user postgres, otherwise as whoever runs the tests.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BIN = Path("/usr/lib/postgresql/15/bin")
START_S = 20.0


class PostgresServer:
    """A running server; each test takes a database of its own."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]", user: dict[str, Any]) -> None:
        self._folder = folder
        self._process = process
        self._user = user
        self._databases = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def dsn(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def new_database(self) -> str:
        """The DSN of an empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.sql(f"CREATE DATABASE {name}")
        return self.dsn(name)

    def sql(self, text: str) -> str:
        """Run one statement in the database postgres."""
        command = [str(BIN / "psql"), "-h", str(self._folder), "-U", "postgres", "-Atqc", text, "postgres"]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, check=True, capture_output=True, text=True, **self._user
        )
        return done.stdout

    def is_ready(self) -> bool:
        command = [str(BIN / "pg_isready"), "-q", "-h", str(self._folder)]
        return subprocess.run(command, check=False, **self._user).returncode == 0

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """initdb, start, wait until ready; stop and delete afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="skpg-", dir="/tmp"))  # a socket's path has 107 bytes at most
    user: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        user |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    data = folder / "data"
    initdb = [str(BIN / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run([*initdb, "--locale=C"], check=True, stdout=subprocess.DEVNULL, **user)
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off", "jit": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        command = [str(BIN / "postgres"), "-D", str(data), *options]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **user)
    server = PostgresServer(folder, process, user)
    try:
        deadline = time.monotonic() + START_S
        while not server.is_ready():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
