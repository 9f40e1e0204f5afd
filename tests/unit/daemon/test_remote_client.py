"""Against the real application over TLS on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skrytka.daemon.api_tls import ApiTls
from skrytka.daemon.own_certificate import OwnCertificate, Request
from skrytka.daemon.remote_client import Remote, SystemNames, _ask, _https, _post, read_token, request
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MachineChanged, MachineRefused
from skrytka.model.machine import Purpose
from skrytka.model.settings import Api as ApiSettings
from skrytka.net.authority import NODE_SUBJECT
from skrytka.net.connection import Connection
from skrytka.net.https import Url
from skrytka.net.tls import CertificateFiles
from skrytka.store.system import SystemClock
from skrytka.web.session import serve_web
from tests.support.certificates import write_certificate
from tests.unit.mail.world import World as MailWorld
from tests.unit.net.harness import serving
from tests.unit.web.api.support import Api

ANY = ApiSettings()


@contextlib.asynccontextmanager
async def remote(folder: Path, name: str = "admin", settings: ApiSettings = ANY) -> AsyncIterator[tuple[Remote, Api]]:
    certificate, key = write_certificate(folder, "localhost")
    world = MailWorld(folder / "mail")
    await world.ready()
    world.clock.advance(SystemClock().now_ms() / 1000 - world.clock.now_ms() / 1000)  # certificates are for now
    api = Api(world, settings=settings)

    async def session(conn: Connection) -> None:
        await serve_web(conn, api.web)

    files = [CertificateFiles(certificate, key)]
    seed = await world.keys.node(NODE_SUBJECT)
    tls = ApiTls(files, seed, SystemClock(), world.admin.machines, is_needed=settings.is_client_certificate_needed)
    async with serving(session, tls=tls) as listening:
        token = folder / "token"
        token.write_text(await api.token(name) + "\n")
        token.chmod(0o600)
        yield Remote(f"https://localhost:{listening.port}", token, certificate, folder / "own.pem"), api
    await world.close()


async def test_a_command_is_the_same_there(tmp_path: Path) -> None:
    async with remote(tmp_path) as (there, _api):
        rows = await _ask(there, "account.list", {"domain": None})
        assert [row["address"] for row in rows] == ["admin@example.test", "alice@example.test", "bob@example.test"]
        changed = await _ask(there, "account.quota", {"address": "alice@example.test", "quota_bytes": 5})
        assert changed["quota_bytes"] == 5
        made = await _ask(there, "alias.add", {"address": "@example.test", "targets": ["bob@example.test"]})
        assert made["kind"] == "catch_all"
        assert (await _ask(there, "alias.remove", {"address": "@example.test"}))["address"] == "@example.test"


async def test_what_is_refused_there_is_refused_here(tmp_path: Path) -> None:
    async with remote(tmp_path, "alice") as (there, _api):
        for command, args, reason in (
            ("account.list", {}, Reason.NOT_PERMITTED),
            ("account.quota", {"address": "x", "quota_bytes": 5}, Reason.BAD_SYNTAX),
            ("no.such.command", {}, Reason.UNSUPPORTED),
        ):
            with pytest.raises(PermanentError) as caught:
                await _ask(there, command, args)
            assert caught.value.reason is reason


async def test_who_is_not_vouched_for_is_not_asked(tmp_path: Path) -> None:
    async with remote(tmp_path) as (there, _api):
        with pytest.raises(PermanentError, match="--ca-file"):
            await _ask(Remote(there.url, there.token_file), "ping", {})


NEEDED = ApiSettings(is_client_certificate_needed=True)


async def enrolled(there: Remote, api: Api, name: str = "admin") -> None:
    """As ``cert enrol`` does it."""
    world = api.world
    made = await world.admin.machines.invite(await world.account(name), Purpose.REMOTE, "laptop", "local root")
    own, body = Request.new(), {"token": made.token}
    given = await _post(_https(there.ca_file, None), Url.parse(there.url), "/enrolment", body | {"request": own.pem})
    assert there.certificate_file is not None
    own.keep(there.certificate_file, given)


async def test_where_a_certificate_is_needed_it_is_got_shown_renewed_and_taken(tmp_path: Path) -> None:
    async with remote(tmp_path, settings=NEEDED) as (there, api):
        assert there.certificate_file is not None
        with pytest.raises(PermanentError, match="cert enrol"):  # nobody is invited: TLS itself says no
            await _ask(there, "ping", {})
        await enrolled(there, api)
        assert await _ask(there, "ping", {}) == "ready"
        before = there.certificate_file.read_bytes()
        world = api.world
        world.clock.advance(901)  # the invitation has ended, and the session
        there.token_file.write_text(await api.token("admin"))
        assert await _ask(there, "ping", {}) == "ready"
        assert there.certificate_file.read_bytes() == before
        (machine,) = await world.admin.machines.list()
        await world.admin.machines.revoke(await world.account("admin"), machine.id, "local root")
        with pytest.raises(PermanentError) as caught:
            await _ask(there, "ping", {})
        assert caught.value.reason is Reason.NOT_PERMITTED
        there.certificate_file.unlink()
        with pytest.raises(PermanentError, match="cert enrol"):
            await _ask(there, "ping", {})
        refused = [event.reason for event in world.events.events if isinstance(event, MachineRefused)]
        assert refused == ["missing", "revoked", "missing"]


async def test_a_certificate_is_renewed_by_itself_when_half_of_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with remote(tmp_path, settings=NEEDED) as (there, api):
        assert there.certificate_file is not None
        await enrolled(there, api)
        before = there.certificate_file.read_bytes()
        monkeypatch.setattr(OwnCertificate, "is_due", lambda _self, _clock: True)
        assert await _ask(there, "ping", {}) == "ready"
        assert there.certificate_file.read_bytes() != before
        assert there.certificate_file.stat().st_mode & 0o777 == 0o600
        changes = [event.action for event in api.world.events.events if isinstance(event, MachineChanged)]
        assert changes == ["enrolled", "renewed"]


async def test_somebody_else_s_machine_lets_nobody_in(tmp_path: Path) -> None:
    async with remote(tmp_path) as (there, api):
        await enrolled(there, api, "alice")
        with pytest.raises(PermanentError) as caught:
            await _ask(there, "ping", {})
        assert caught.value.reason is Reason.NOT_PERMITTED


@pytest.mark.parametrize(("text", "mode"), [("x", 0o644), ("", 0o600), ("a\tb", 0o600), ("ą", 0o600)])
def test_a_token_is_read_from_a_file_of_one_s_own(tmp_path: Path, text: str, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    for wrong in (path, tmp_path / "gone"):
        with pytest.raises(PermanentError):
            read_token(wrong)


def test_a_command_becomes_a_request() -> None:
    assert request(COMMANDS["account.list"], {"domain": "a.test"}) == ("/api/v1/accounts?domain=a.test&limit=500", None)
    path, body = request(COMMANDS["alias.set"], {"address": "a/b@a.test", "targets": ["x@a.test"]})
    assert (path, body) == ("/api/v1/aliases/a%2Fb%40a.test", b'{"targets":["x@a.test"]}')


def test_names_are_this_machine_s(tmp_path: Path) -> None:
    async def main() -> None:
        assert (await SystemNames().query("localhost", "A")).texts == ("127.0.0.1",)
        assert not (await SystemNames().query("nowhere.invalid", "AAAA")).texts
        assert SystemNames().known("localhost", "A") is None

    asyncio.run(main())


@pytest.mark.parametrize("place", ["/api/v1", "/?x", "/mail"])
async def test_a_place_on_the_server_is_not_passed_over(tmp_path: Path, place: str) -> None:
    token = tmp_path / "token"
    token.write_text("x")
    token.chmod(0o600)
    with pytest.raises(PermanentError, match="no place there"):
        await _ask(Remote(f"https://localhost:1{place}", token), "ping", {})
