"""Against the real application over TLS on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skrytka.daemon.remote_client import Remote, SystemNames, _ask, read_token, request
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.connection import Connection
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.web.session import serve_web
from tests.support.certificates import write_certificate
from tests.unit.mail.world import World as MailWorld
from tests.unit.net.harness import serving
from tests.unit.web.api.support import Api


@contextlib.asynccontextmanager
async def remote(folder: Path, name: str = "admin") -> AsyncIterator[tuple[Remote, Api]]:
    certificate, key = write_certificate(folder, "localhost")
    world = MailWorld(folder / "mail")
    await world.ready()
    api = Api(world)

    async def session(conn: Connection) -> None:
        await serve_web(conn, api.web)

    async with serving(session, tls=TlsStore([CertificateFiles(certificate, key)])) as listening:
        token = folder / "token"
        token.write_text(await api.token(name) + "\n")
        token.chmod(0o600)
        yield Remote(f"https://localhost:{listening.port}", token, certificate), api
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
        with pytest.raises(TransientError):
            await _ask(Remote(there.url, there.token_file), "ping", {})


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
