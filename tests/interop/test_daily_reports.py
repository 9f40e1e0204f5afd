"""An installation whose log has a yesterday: what it tells other domains when it is started, and only once."""

import asyncio
import json
import shutil
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import msgspec
import pytest
import yaml

from skrytka.inspect.check import reports_of
from skrytka.inspect.reports import reports
from skrytka.model.clock import FixedClock
from skrytka.store.events.writer import EventWriter
from skrytka.store.system import SystemRandom
from tests.support.certificates import write_certificate
from tests.support.production import Installation
from tests.unit.daemon.test_report_job import CHECKED, SESSION

PASSWORD = "Gęś jaźń, zażółć!"
HOSTNAME = "mx7247.example.org"  # reports go out in the first seconds of a day, by its name
DAY_MS = 86_400_000
OTHERS = msgspec.structs.replace(CHECKED, rua=("d@a.example", "eva@example.org"))
MORE = """
[dns]
zone_file = "zone.yml"
[outbound]
is_paused = true
ca_file = "collector.pem"
[reports]
https_networks = ["127.0.0.0/8"]
"""
ZONE = {
    "a.example._report._dmarc.example.org": [{"TXT": "v=DMARC1"}],
    "_smtp._tls.a.example": [{"TXT": "v=TLSRPTv1; rua=mailto:tls@a.example,https://collector.test:%d/tlsrpt"}],
    "collector.test": [{"A": "127.0.0.1"}],
}


class Collector(BaseHTTPRequestHandler):
    """A web server that takes reports."""

    taken: ClassVar[list[tuple[str, str | None, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.path, self.headers["Content-Type"], body))
        self.send_response(201)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Nothing on stderr."""


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Its port, and what vouches for it."""
    certificate, key = write_certificate(tmp_path, "collector.test", stem="collector")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, certificate
        server.shutdown()
        thread.join()


async def write_yesterday(folder: Path) -> None:
    now_ms = int(time.time() * 1000)
    clock = FixedClock(now_ms - now_ms % DAY_MS - DAY_MS // 2)
    writer = EventWriter(folder, "test-0", clock, SystemRandom())
    for event in (OTHERS, OTHERS, SESSION):
        writer.emit(event)
    await writer.flush()


def configure(root: Path, port: int, certificate: Path) -> None:
    shutil.copy(certificate, root / "collector.pem")
    config = root / "skrytka.toml"
    text = config.read_text()
    lines = [f'hostname = "{HOSTNAME}"' if line.startswith("hostname = ") else line for line in text.splitlines()]
    config.write_text("\n".join(lines) + MORE)
    (root / "zone.yml").write_text(yaml.safe_dump(ZONE) % port)


def told(made: Installation) -> list[dict[str, Any]]:
    lines = [line for path in (made.root / "events").glob("*/mail.jsonl") for line in path.read_bytes().splitlines()]
    return [json.loads(line)["e"] for line in lines if b'"kind":"daily_report_sent"' in line]


@pytest.mark.timeout(180)
def test_a_day_is_told_when_the_server_starts_and_once(tmp_path: Path, collector: tuple[int, Path]) -> None:
    with Installation.made(tmp_path / "s", "example.org", PASSWORD) as made:
        made.do("account", "add", "eva@example.org", "--password-stdin", text=PASSWORD)
        assert made.stop() == 0
        asyncio.run(write_yesterday(made.root / "events"))
        configure(made.root, *collector)
        made.start()
        made.wait_for(lambda: len(told(made)) == 3, 60)
        assert [(event["report"], event["domain"]) for event in told(made)] == [
            ("dmarc", "a.example"),
            ("tls", "a.example"),
            ("tls", "a.example"),
        ]
        ((path, kind, packed),) = Collector.taken
        assert (path, kind) == ("/tlsrpt", "application/tlsrpt+gzip")
        (posted,) = reports_of(reports(packed)).tls
        assert [(each.domain, each.successes) for each in posted.policies] == [("a.example", 1)]
        waiting = {row["recipient"] for row in made.result("queue", "list")}
        assert waiting == {"d@a.example", "tls@a.example"}
        with made.client("eva@example.org", PASSWORD) as client:
            client.select("INBOX")
            parts: list[Any] = client.fetch("1", "(BODY.PEEK[])")[1]
        (report,) = reports_of(reports(parts[0][1])).dmarc
        assert [(row.source_ip, row.count) for row in report.rows] == [("192.0.2.1", 2)]
        assert (report.email, report.policy.domain) == ("postmaster@example.org", "a.example")
        assert made.stop() == 0
        made.start()
        time.sleep(3)
        assert len(told(made)) == 3
        assert len(Collector.taken) == 1
        assert len(made.result("queue", "list")) == 2
