from pathlib import Path

import pytest

from skrytka.daemon.own_certificate import OwnCertificate, Request, default_file
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError
from skrytka.model.ids import AccountId
from skrytka.model.machine import Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.net.authority import Authority
from skrytka.net.https import Url
from skrytka.net.machines import read_request

HOUR_MS = 3_600_000


def kept(path: Path, clock: FixedClock, hours: int) -> str:
    """One that came for a request."""
    request, ends_at_ms = Request.new(), clock.now_ms() + hours * HOUR_MS
    machine = Machine(Purpose.REMOTE, AccountId(1), bytes(16))
    signed = Authority.of_nodes(Secret(bytes(32)), clock).sign_machine(
        read_request(request.pem), machine, (), ends_at_ms
    )
    given = {"certificate": signed.pem.decode(), "expires_at_ms": ends_at_ms}
    return request.keep(path, given).isoformat()


def test_it_is_kept_with_its_key_where_nobody_else_reads_it(tmp_path: Path) -> None:
    clock, path = FixedClock(), tmp_path / "skrytka" / "a.pem"
    assert kept(path, clock, 3) == "2027-01-15T11:00:00+00:00"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.read_text().count("PRIVATE KEY") == 2
    assert "PRIVATE" not in repr(Request.new())
    own = OwnCertificate.load(path, clock)
    assert own is not None
    assert not own.is_due(clock)
    clock.advance(3600)
    assert not own.is_due(clock)
    clock.advance(1800)  # it began an hour before it was made, for clocks that are slow
    assert own.is_due(clock)
    clock.advance(1800 + 3600)
    assert OwnCertificate.load(path, clock) is None
    assert OwnCertificate.load(tmp_path / "gone.pem", clock) is None
    kept(path, clock, 3)
    assert OwnCertificate.load(path, clock) is not None


def test_a_file_that_others_may_read_or_that_is_no_certificate_is_an_error(tmp_path: Path) -> None:
    clock, path = FixedClock(), tmp_path / "a.pem"
    kept(path, clock, 3)
    path.chmod(0o640)
    for text in (None, "nonsense"):
        if text is not None:
            path.write_text(text)
            path.chmod(0o600)
        with pytest.raises(PermanentError):
            OwnCertificate.load(path, clock)
    with pytest.raises(PermanentError):
        OwnCertificate.load(path / "below", clock)


def test_each_server_has_its_own_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_file(Url.parse("https://Mail.example.org:8443")) == tmp_path / "skrytka/mail.example.org-8443.pem"
    assert default_file(Url.parse("https://[::1]/")).name == "..1-443.pem"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_file(Url.parse("https://a.test")) == tmp_path / ".config/skrytka/a.test-443.pem"
