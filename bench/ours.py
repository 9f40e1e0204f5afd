"""Skrytka itself for a benchmark: the demo in a folder of its own, with fifty accounts more."""

import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import tomlkit

DOMAIN = "example.test"


class Skrytka:
    """Start with ``with``; the demo runs with its own settings, sealed and synced as always."""

    name = "Skrytka"

    def __init__(self, root: Path, port_base: int, accounts: int, *, resolver: str | None = None) -> None:
        """Senders are asked about where there is a resolver to ask: the rows before that are of mail that is not."""
        self.root = root
        self.resolver = resolver
        self.port_base = port_base
        self.accounts = accounts
        self.smtp_port, self.imap_port = port_base + 25, port_base + 993
        self.password = "bench-" + "x" * 12
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Skrytka":
        command = [*self._cli, "demo", "--dir", str(self.root), "--port-base", str(self.port_base)]
        try:
            self._start(command)
            self._stop()
            self._change_settings()
            self._start(command)
            for number in range(self.accounts):
                self._run("account", "add", f"user{number}@{DOMAIN}", "--password-stdin", stdin=self.password)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if not any(line.startswith("ready") for line in self.process.stdout):
            raise RuntimeError("the demo did not start")

    def _change_settings(self) -> None:
        path = self.root / "skrytka.toml"
        settings = tomlkit.parse(path.read_text())
        settings["sender_auth"]["is_exempt_checked"] = self.resolver is not None
        if self.resolver is not None:
            settings["dns"] = {"resolvers": [self.resolver]}
        path.write_text(tomlkit.dumps(settings))

    def _stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    @property
    def pids(self) -> list[int]:
        """Where its processes begin."""
        return [self.process.pid] if self.process is not None else []

    @property
    def _cli(self) -> list[str]:
        return [sys.executable, "-m", "skrytka.cli.main"]

    def _run(self, *arguments: str, stdin: str) -> None:
        environment = os.environ | {"SKRYTKA_DIR": str(self.root)}
        subprocess.run([*self._cli, *arguments], input=stdin, text=True, check=True, env=environment)

    def tls(self) -> ssl.SSLContext:
        """A context that trusts the demo's authority."""
        return ssl.create_default_context(cafile=json.loads((self.root / "demo.json").read_text())["ca"])
