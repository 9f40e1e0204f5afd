from typing import Any

import pytest

from skrytka.model.events import MachineRefused
from skrytka.model.machine import Machine, Purpose
from skrytka.model.settings import Api as ApiSettings
from tests.unit.mail.world import World
from tests.unit.web.api.support import Api, certificate_of, enrolled


def why(world: World) -> list[str]:
    return [event.reason for event in world.events.events if isinstance(event, MachineRefused)]


async def test_where_a_certificate_is_needed_nobody_asks_without_one(api: Api) -> None:
    world = api.world
    api = Api(world, settings=ApiSettings(is_client_certificate_needed=True))
    token = await api.token("admin")
    asks: list[tuple[str, str, str, Any]] = [
        (token, "GET", "/me", None),
        ("", "GET", "/live", None),
        ("", "POST", "/session", {"address": "admin@example.test", "password": "x"}),
        (token, "POST", "/enrolment/renewal", {"request": "x"}),
        ("", "GET", "/nothing", None),
    ]
    for shown, method, path, body in asks:
        status, said, _ = await api.ask(shown, method, path, body)
        assert (status, said["reason"]) == (403, "not_permitted")
    assert why(world) == ["missing"] * len(asks)
    assert (await api.ask("", "POST", "/enrolment", {"token": "x", "request": "x"}))[0] == 422
    api.certificate = await enrolled(world, "admin")
    assert (await api.ask(token, "GET", "/me"))[0] == 200


async def test_a_certificate_of_one_lets_nobody_else_s_session_or_key_in(api: Api) -> None:
    world = api.world
    admin, alice = await api.token("admin"), await api.token("alice")
    key = (await api.ask(admin, "POST", "/api-keys", {"name": "k", "permissions": ["account.read"]}))[1]["token"]
    api.certificate = await enrolled(world, "alice")
    assert (await api.ask(alice, "GET", "/me"))[0] == 200
    for token in (admin, key):
        assert (await api.ask(token, "GET", "/me"))[0] == 403
    assert (await api.log_in("bob"))[0] == 403
    assert (await api.log_in("alice"))[0] == 201
    assert why(world) == ["other_account"] * 3
    unbound = Api(world, settings=ApiSettings(is_certificate_bound=False))
    unbound.certificate = api.certificate
    assert (await unbound.ask(admin, "GET", "/me"))[0] == 200
    assert (await unbound.ask("", "GET", "/me"))[0] == 401  # it opens nothing by itself


async def test_what_is_put_out_counts_no_more_with_the_next_request(api: Api) -> None:
    world = api.world
    token = await api.token("admin")
    api.certificate = await enrolled(world, "admin")
    ((row,), _) = ((await api.ask(token, "GET", "/machines"))[1]["items"], None)
    assert (await api.ask(token, "DELETE", f"/accounts/admin@example.test/machines/{row['id']}"))[0] == 200
    assert (await api.ask(token, "GET", "/me"))[0] == 403
    assert why(world) == ["revoked"]
    api.certificate = b""  # where none is needed it may be left off
    assert (await api.ask(token, "GET", "/me"))[0] == 200


@pytest.mark.parametrize("purpose", [Purpose.NODE, Purpose.STANDBY, None])
async def test_a_certificate_for_something_else_opens_nothing(api: Api, purpose: Purpose | None) -> None:
    world = api.world
    token = await api.token("admin")
    machine = Machine(purpose or Purpose.REMOTE, await world.account("admin"), b"m" * 16)
    api.certificate = certificate_of(machine) if purpose is not None else b"no certificate"
    assert (await api.ask(token, "GET", "/me"))[0] == 403
    assert why(world) == ["purpose"]
