from pathlib import Path

import pytest

from skrytka.daemon import resolver as module
from skrytka.daemon.layout import Layout
from skrytka.daemon.resolver import resolver_of
from skrytka.model.clock import FixedClock
from skrytka.model.dns import Server
from skrytka.model.errors import PermanentError
from skrytka.model.settings import Dns
from skrytka.net.dns.stub import StubResolver
from skrytka.net.dns.zone import StaticZone
from tests.unit.mail.support import CountingRandom


def resolver(settings: Dns, root: Path) -> object:
    return resolver_of(settings, Layout(root), FixedClock(), CountingRandom())


def servers(found: object) -> tuple[Server, ...]:
    assert isinstance(found, StubResolver)
    return found._servers


def test_a_zone_file_is_all_the_dns_there_is(tmp_path: Path) -> None:
    (tmp_path / "zone.yml").write_text("example.net:\n  - A: 127.0.0.1\n")
    assert isinstance(resolver(Dns(zone_file="zone.yml"), tmp_path), StaticZone)
    with pytest.raises(PermanentError):
        resolver(Dns(zone_file="gone.yml"), tmp_path)


def test_named_resolvers_are_asked(tmp_path: Path) -> None:
    found = resolver(Dns(resolvers=("192.0.2.1", "[2001:db8::1]:5353")), tmp_path)
    assert servers(found) == (Server("192.0.2.1", 53), Server("2001:db8::1", 5353))


def test_without_any_those_of_the_machine_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("# x\nsearch example.net\nnameserver 192.0.2.7\nnameserver fe80::1%eth0\nnameserver none\n")
    monkeypatch.setattr(module, "RESOLV_CONF", conf)
    assert [server.address for server in servers(resolver(Dns(), tmp_path))] == ["192.0.2.7", "fe80::1"]
    conf.unlink()
    assert servers(resolver(Dns(), tmp_path)) == (Server("127.0.0.1"),)
