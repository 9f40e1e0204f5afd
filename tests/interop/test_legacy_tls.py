"""An exception of one listener on a running server: old clients get in there, and nowhere else."""

import json
import socket
import ssl
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.demo import Demo

EXCEPTION = """
[[tls.legacy]]
listener = "imaps"
owner = "Ola, the scanner in the hall"
until = "{until}"
version = "TLSv1.1"
"""


def demo_until(day: str) -> Iterator[Demo]:
    with Demo() as made:
        assert made.stop() == 0
        config = made.root / "skrytka.toml"
        config.write_text(config.read_text() + EXCEPTION.format(until=day))
        made.start()
        yield made


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    yield from demo_until("2999-12-31")


@pytest.fixture(scope="module")
def ended() -> Iterator[Demo]:
    yield from demo_until("2020-12-31")


def old(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def spoken(demo: Demo, service: str, version: ssl.TLSVersion) -> str | None:
    """The version that was agreed on, after the greeting; None when the server refused."""
    with socket.create_connection(("127.0.0.1", demo.port(service)), 20) as raw:
        try:
            with old(version).wrap_socket(raw) as client:
                assert client.recv(100)
                client.sendall(b"a LOGOUT\r\n")
                client.recv(100)
                return client.version()
        except ssl.SSLError:
            return None


def report(demo: Demo) -> Any:
    done = demo.run("tls", "report", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_old_client_gets_in_where_the_exception_is_and_is_told_of(demo: Demo) -> None:
    assert spoken(demo, "imaps", ssl.TLSVersion.TLSv1_1) == "TLSv1.1"
    assert spoken(demo, "imaps", ssl.TLSVersion.TLSv1) is None
    assert spoken(demo, "submissions", ssl.TLSVersion.TLSv1_1) is None
    assert spoken(demo, "imaps", ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    demo.wait_for(lambda: report(demo)["exceptions"][0]["uses"] == 1, 30)
    [weak] = [each for each in report(demo)["peers"] if each["grade"] == "weak"]
    assert (weak["service"], weak["peer"], weak["tls"].split()[0]) == ("imaps", "127.0.0.1", "TLSv1.1")
    logs = b"".join(path.read_bytes() for path in (demo.root / "events").glob("*/system.jsonl"))
    assert logs.count(b'"kind":"legacy_tls_used"') == 1
    assert b"Ola, the scanner in the hall" in logs


def test_after_its_day_it_is_refused(ended: Demo) -> None:
    assert spoken(ended, "imaps", ssl.TLSVersion.TLSv1_1) is None
    assert spoken(ended, "imaps", ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    ended.wait_for(lambda: report(ended)["exceptions"][0]["is_over"], 30)
    logs = b"".join(path.read_bytes() for path in (ended.root / "events").glob("*/system.jsonl"))
    assert b'"kind":"legacy_tls_ending"' in logs
