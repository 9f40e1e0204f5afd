import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.commands.accounts import ACCOUNTS
from skrytka.mail.admin.commands.base import CommandDeps, Progress
from skrytka.mail.admin.commands.domains import DOMAINS
from skrytka.mail.admin.commands.node import NODE_COMMANDS
from skrytka.mail.admin.commands.run import MENDS, run_command
from skrytka.mail.admin.dkim_deps import DkimDeps
from skrytka.model.actor import local_actor
from skrytka.model.errors import Reason
from skrytka.model.framing import FrameReader, frame
from skrytka.net.dns.zone import StaticZone
from skrytka.servers import control
from skrytka.servers.control import serve_control
from tests.unit.mail.world import World

NAME = "local uid 1000"
ACTOR = local_actor(NAME)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.ready()
    yield made
    await made.close()


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.sent += data

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


async def talk(deps: CommandDeps, raw: bytes, *, is_at_end: bool = True) -> tuple[list[Any], Transport]:
    """Everything the peer said at once; the frames that came back."""
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    if is_at_end:
        reader.feed_eof()
    transport = Transport()
    protocol = asyncio.StreamReaderProtocol(reader)
    protocol.connection_made(transport)
    writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
    try:
        await serve_control(reader, writer, deps, ACTOR)
    finally:
        frames = [msgspec.json.decode(payload) for payload in FrameReader().feed(bytes(transport.sent))]
    return frames, transport


def request(command: str, **args: object) -> bytes:
    return frame(msgspec.json.encode({"command": command, "args": args}))


async def ask(world: World, command: str, **args: object) -> Any:
    (answer,), _ = await talk(CommandDeps(admin=world.admin), request(command, **args))
    return answer


async def test_commands_follow_each_other_on_one_connection(world: World) -> None:
    raw = request("domain.add", domain="second.test") + request("domain.list") + request("ping")
    (added, listed, pong), transport = await talk(CommandDeps(admin=world.admin), raw)
    assert added["result"]["name"] == "second.test"
    assert [row["name"] for row in listed["result"]] == ["example.test", "second.test"]
    assert pong == {"ok": True, "result": "ready"}
    assert transport.is_closed
    assert {getattr(event, "actor", "") for event in world.events.events} == {NAME}


ALL_OF_THEM: list[tuple[str, dict[str, object]]] = [
    ("account.add", {"address": "x@example.test", "password": "secret"}),
    ("account.list", {"domain": "example.test"}),
    ("account.password", {"address": "alice@example.test", "password": "new"}),
    ("account.quota", {"address": "alice@example.test", "quota_bytes": 5}),
    ("account.language", {"address": "alice@example.test", "language": "pl"}),
    ("domain.language", {"domain": "example.test"}),
    ("account.suspend", {"address": "alice@example.test"}),
    ("account.resume", {"address": "alice@example.test"}),
    ("account.remove", {"address": "bob@example.test"}),
    ("alias.add", {"address": "info@example.test", "targets": ["alice@example.test"]}),
    ("alias.set", {"address": "abuse@example.test", "targets": ["alice@example.test"]}),
    ("alias.list", {}),
    ("alias.remove", {"address": "abuse@example.test"}),
    ("domain.add", {"domain": "new.test"}),
    ("domain.list", {}),
    ("account.show", {"address": "alice@example.test"}),
    ("alias.show", {"address": "abuse@example.test"}),
    ("domain.show", {"domain": "example.test"}),
    ("me", {}),
    ("role.list", {}),
    ("ping", {}),
    ("queue.list", {}),
    ("queue.hold", {"id": "all"}),
    ("queue.release", {"id": "all"}),
    ("queue.retry", {"id": "all"}),
    ("queue.remove", {"id": "all"}),
]


@pytest.mark.parametrize(("command", "args"), ALL_OF_THEM)
async def test_each_command_does_its_work(world: World, command: str, args: dict[str, object]) -> None:
    assert (await ask(world, command, **args))["ok"]


def test_no_command_goes_untested() -> None:
    others = {"dns.look", "dns.plan", "dns.publish", "dns.records", "domain.remove", "store.check", "trace"}
    # Of the other modules of the table: tests/unit/mail/admin/commands
    here = {**NODE_COMMANDS, **DOMAINS, **ACCOUNTS}
    others |= {"settings.show"} | {command for command in here if command.startswith(("dkim.", "cert."))}
    assert {command for command, _ in ALL_OF_THEM} - {"me", "role.list"} | others == set(here)


async def test_a_message_that_is_not_queued_is_not_shown(world: World) -> None:
    answer = await ask(world, "queue.list", id="0" * 26)
    assert (answer["ok"], answer["error"]) == (False, "no_such_object")


async def test_a_domain_in_use_is_not_removed_and_the_answer_says_why(world: World) -> None:
    answer = await ask(world, "domain.remove", domain="example.test")
    assert not answer["ok"]
    assert (answer["error"], "still has addresses" in answer["detail"]) == ("not_permitted", True)


WRONG: list[tuple[bytes, str]] = [
    (frame(b"no json"), "bad_syntax"),
    (frame(b"{}"), "bad_syntax"),
    (frame(b'{"command": "\xff"}'), "bad_syntax"),
    (frame(b'{"command": 7}'), "bad_syntax"),
    (request("drop.everything"), "unsupported"),
    (request("domain.add"), "bad_syntax"),
    (request("domain.add", domain="a.test", more=1), "bad_syntax"),
    (request("account.add", address="x@example.test", password=7), "bad_syntax"),
    (request("account.quota", address="alice@example.test", quota_bytes=-1), "bad_syntax"),
    (request("account.suspend", address="nobody@example.test"), "no_such_user"),
    (request("store.check"), "unsupported"),
    (request("dns.look", domain="example.test"), "unsupported"),
    (request("dns.records", domain="example.test"), "unsupported"),
    (request("dns.plan", domain="example.test"), "unsupported"),
    (request("dns.publish", domain="example.test", plan={"domain": "example.test"}), "unsupported"),
    (request("dns.publish", domain="example.test"), "bad_syntax"),
    (request("trace", what="alice@example.test"), "unsupported"),
]


@pytest.mark.parametrize(("raw", "error"), WRONG)
async def test_what_is_wrong_is_told_and_the_session_goes_on(world: World, raw: bytes, error: str) -> None:
    (refused, pong), _ = await talk(CommandDeps(admin=world.admin), raw + request("ping"))
    assert (refused["ok"], refused["error"]) == (False, error)
    assert refused["detail"]
    assert pong["ok"]


async def test_an_error_says_what_to_do(world: World) -> None:
    answer = await ask(world, "account.suspend", address="nobody@example.test")
    assert answer["mend"] == MENDS[Reason.NO_SUCH_USER]


async def test_progress_comes_before_the_answer(world: World) -> None:
    async def check(progress: Progress) -> object:
        await progress("half of it")
        return {"difference": 0}

    deps = CommandDeps(admin=world.admin, check=check)
    frames, _ = await talk(deps, request("store.check"))
    assert frames == [{"progress": "half of it"}, {"ok": True, "result": {"difference": 0}}]


async def test_a_trace_is_asked_of_the_event_log(world: World) -> None:
    async def trace(what: str) -> object:
        return [what]

    frames, _ = await talk(CommandDeps(admin=world.admin, trace=trace), request("trace", what="01ARZ"))
    assert frames == [{"ok": True, "result": ["01ARZ"]}]


async def test_a_bug_is_told_without_its_text_and_raised(world: World) -> None:
    async def check(progress: Progress) -> object:
        raise KeyError("secret detail")

    deps = CommandDeps(admin=world.admin, check=check)
    reader = asyncio.StreamReader()
    reader.feed_data(request("store.check"))
    transport = Transport()
    protocol = asyncio.StreamReaderProtocol(reader)
    protocol.connection_made(transport)
    writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
    with pytest.raises(KeyError):
        await serve_control(reader, writer, deps, ACTOR)
    assert b"secret detail" not in transport.sent
    assert b'"error":"bug"' in transport.sent
    assert transport.is_closed


async def test_a_frame_that_claims_too_much_ends_the_session(world: World) -> None:
    frames, transport = await talk(CommandDeps(admin=world.admin), b"\xff\xff\xff\xff", is_at_end=False)
    assert (frames, transport.is_closed) == ([], True)


async def test_a_silent_peer_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "IDLE_S", 0.0)
    frames, transport = await talk(CommandDeps(admin=world.admin), b"", is_at_end=False)
    assert (frames, transport.is_closed) == ([], True)


async def test_the_cli_runs_the_same_commands_without_a_socket(world: World) -> None:
    async def progress(text: str) -> None:
        raise AssertionError(text)

    answer = await run_command(CommandDeps(admin=world.admin), b'{"command": "alias.list"}', ACTOR, progress)
    assert answer.ok
    assert len(answer.result) == 4


async def test_keys_are_made_shown_and_revoked(world: World) -> None:
    life = DkimDeps(resolver=lambda: StaticZone({}), age=world.clock)
    deps = CommandDeps(admin=Admin(dataclasses.replace(world.admin.dkim._deps, dkim=life)))
    asked = {"domain": "example.test"}
    raw = request("dkim.rotate", **asked) + request("dkim.show", **asked) + request("dkim.list")
    (made, shown, listed), _ = await talk(deps, raw)
    assert made["result"] == listed["result"]
    assert [(key["state"], key["dns"]) for key in shown["result"]] == [("new", "no")] * 2
    selector = made["result"][0]["selector"]
    raw = request("dkim.use", selector=selector, **asked) + request("dkim.revoke", selector=selector, **asked)
    (refused, revoked, checked), _ = await talk(deps, raw + request("dkim.check"))
    assert refused["error"] == "not_permitted"
    assert [key["selector"] for key in revoked["result"]] == [made["result"][1]["selector"]]
    assert len(checked["result"]) == 2  # another is made for it
    assert "PRIVATE" not in str([made, shown, listed, refused, revoked, checked])


class FakeCertificates:
    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    async def list(self) -> object:
        return [{"names": ["mail.example.test"]}]

    async def renew(self, name: str, tell: Progress, *, is_rolling: bool = False) -> object:
        self.asked.append((name, is_rolling))
        await tell("ca.test: asking")
        return []


async def test_certificates_are_those_of_the_running_server(world: World) -> None:
    assert (await ask(world, "cert.list"))["error"] == "unsupported"
    fake = FakeCertificates()
    raw = request("cert.list") + request("cert.renew") + request("cert.rollover", name="mail.example.test")
    answers, _ = await talk(CommandDeps(admin=world.admin, certificates=fake), raw)
    assert [answer for answer in answers if "progress" in answer] == [{"progress": "ca.test: asking"}] * 2
    assert fake.asked == [("", False), ("mail.example.test", True)]
