"""Debian's pebble, an authority for tests, with the DNS it asks; both on loopback and gone with the test."""

import contextlib
import json
import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.support.certificates import write_certificate
from tests.support.ports import free_block

HOST = "pebble.test"  # in the zone of whoever asks it
START_S = 30.0


class Pebble:
    """``with pebble(folder, http_port, tls_port) as ca:``; it believes that every name is at 127.0.0.1."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.directory = f"https://{HOST}:{port}/dir"

    @property
    def ca_file(self) -> Path:
        """What vouches for its own API."""
        return self.folder / "cert.pem"

    def root(self) -> str:
        """PEM of the authority whose certificates it gives, made anew at each start."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.check_hostname = False
        url = f"https://127.0.0.1:{self.port + 1}/roots/0"
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            return str(answer.read().decode())

    @property
    def log(self) -> str:
        return (self.folder / "pebble.log").read_text()

    def settings(self, **more: object) -> str:
        """TOML of an authority."""
        return f'[[acme.authorities]]\ndirectory = "{self.directory}"\nca_file = "{self.ca_file}"\n'


@contextlib.contextmanager
def pebble(
    folder: Path, http_port: int, tls_port: int, *, dns: str | None = None, **environment: str
) -> Iterator[Pebble]:
    """``dns``: address:port of the DNS it asks; else one that knows every name as 127.0.0.1."""
    folder.mkdir(exist_ok=True)
    base = free_block()
    write_certificate(folder, HOST, "localhost")
    config = {
        "listenAddress": f"127.0.0.1:{base}",
        "managementListenAddress": f"127.0.0.1:{base + 1}",
        "certificate": str(folder / "cert.pem"),
        "privateKey": str(folder / "cert.key"),
        "httpPort": http_port,
        "tlsPort": tls_port,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
    with contextlib.ExitStack() as stack:
        if dns is None:
            dns = f"127.0.0.1:{base + 2}"
            only_dns = [f"-{name}=" for name in ("http01", "https01", "tlsalpn01")]
            command = ["pebble-challtestsrv", *only_dns, f"-dns01=:{base + 2}", f"-management=:{base + 3}"]
            stack.enter_context(_running([*command, "-defaultIPv6="], folder / "dns.log", {}))
        command = ["pebble", "-strict", "-config", str(folder / "pebble.json"), "-dnsserver", dns]
        stack.enter_context(_running(command, folder / "pebble.log", {"PEBBLE_VA_NOSLEEP": "1", **environment}))
        made = Pebble(folder, base)
        end = time.monotonic() + START_S
        while True:
            try:
                made.root()
                break
            except OSError:
                assert time.monotonic() < end, made.log
                time.sleep(0.05)
        yield made


@contextlib.contextmanager
def _running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **environment})
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
