"""Role x permission x place x object of another domain, made from the OpenAPI document (OWASP ASVS 5 V8).

Each role is given in example.test and asks every place there is for what is in other.test: nobody reaches it. What a
role may not at all is 403, what is elsewhere is 404 as if it were not there, lists have rows of one's own domain only.
"""

import re
from typing import Any

import pytest

from skrytka.mail.admin.commands.base import Scope
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.mail.identity.permissions import ALLOWED, Permission
from skrytka.model.actor import AccessRole
from skrytka.web.api.commands import read_args
from tests.unit.web.api.support import Api
from tests.unit.web.api.test_openapi import DOCUMENT, OPERATIONS

THERE = {
    "address": "carol@other.test",
    "domain": "other.test",
    "what": "carol@other.test",
    "target": "other.test",
    "targets": ["carol@other.test"],
    "password": "a password that is long",
    "role": "help_desk",
    "id": "0" * 26,
    "command": "account.remove",
    "args": {"address": "carol@other.test"},
    "reason": "because it is a test",
    "permissions": ["account.read"],
    "plan": {"domain": "other.test"},
}
EVERYBODY_S = {Permission.PING, Permission.OWN}


def value(name: str, schema: dict[str, Any]) -> Any:
    """Something that fits."""
    if name in THERE:
        return THERE[name]
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for one in schema.get("anyOf", ()):
        return value(name, one)
    if "enum" in schema:
        return schema["enum"][0]
    kinds = {"string": "x" * 8, "integer": schema.get("minimum", 1), "boolean": True, "array": [], "object": {}}
    return kinds[schema.get("type", "string")]


def request(name: str) -> tuple[str, str, dict[str, Any] | None, dict[str, Any]]:
    """Method, path, body and all arguments of a request for what is in other.test."""
    path, method, operation = OPERATIONS[name]
    args = {one["name"]: value(one["name"], one["schema"]) for one in operation["parameters"] if one["in"] == "path"}
    for wanted in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{wanted}}}", str(args[wanted]))
    query = [one for one in operation["parameters"] if one["in"] == "query" and one["name"] not in ("limit", "cursor")]
    asked = {
        one["name"]: value(one["name"], one["schema"]) for one in query if one["required"] or one["name"] == "domain"
    }
    if asked and name != "queue.list":
        path += "?" + "&".join(f"{key}={found}" for key, found in asked.items())
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        chosen = {*schema["required"], *({"domain"} & set(schema["properties"]))}
        body = {key: value(key, schema["properties"][key]) for key in chosen}
    return method.upper(), path, body, args | asked | (body or {})


def scope_of(name: str, args: dict[str, Any]) -> Scope:
    command = COMMANDS[name]
    return command.scope(read_args(command, args, is_text=True))


@pytest.mark.parametrize("role", sorted(set(AccessRole) - {AccessRole.USER}))
async def test_nobody_reaches_what_is_not_his(api: Api, role: AccessRole) -> None:
    await api.give("alice", role, "example.test")
    token = await api.token("alice")
    before = len(api.world.store.commands)
    wrong = []
    for name, command in COMMANDS.items():
        if command.permission in EVERYBODY_S:
            continue
        method, path, body, args = request(name)
        status, said, _ = await api.ask(token, method, path, body)
        scope = scope_of(name, args)
        is_held = command.permission in ALLOWED[role]
        expected = 404 if is_held and scope.domain == "other.test" else 200 if is_held and scope.is_listing else 403
        if status != expected or (status == 200 and "other.test" in str(said)):
            wrong.append(f"{method} {path}: {status} for {expected}: {said}")
    assert not wrong, "\n".join(wrong)
    assert len(api.world.store.commands) == before
    assert not [event for event in api.world.events.events if hasattr(event, "action")]


@pytest.mark.parametrize("role", sorted(set(AccessRole) - {AccessRole.USER}))
async def test_what_a_role_may_see_in_its_domain_it_sees(api: Api, role: AccessRole) -> None:
    await api.give("alice", role, "example.test")
    token = await api.token("alice")
    for name, command in COMMANDS.items():
        if command.route.method != "GET" or command.permission not in ALLOWED[role]:
            continue
        _, path, _, args = request(name)
        if scope_of(name, args).domain == "other.test":
            path = path.replace("carol@other.test", "alice@example.test").replace("other.test", "example.test")
            status, said, _ = await api.ask(token, "GET", path)
            assert status in (200, 404, 409), f"{path}: {said}"
            assert said.get("reason") not in ("not_permitted", "no_such_object") or "/aliases/" in path, path


async def test_without_a_session_there_is_nothing(api: Api) -> None:
    for name in COMMANDS:
        method, path, body, _ = request(name)
        assert (await api.ask("", method, path, body))[0] == 401, path


async def test_a_user_has_what_is_his_own_and_nothing_else(api: Api) -> None:
    token = await api.token("bob")
    for name, command in COMMANDS.items():
        if command.permission not in EVERYBODY_S:
            method, path, body, _ = request(name)
            assert (await api.ask(token, method, path, body))[0] == 403, path


@pytest.mark.parametrize("name", [name for name in COMMANDS if COMMANDS[name].route.method in ("POST", "PUT")])
async def test_no_field_that_is_not_asked_for_is_taken(api: Api, name: str) -> None:
    method, path, body, _ = request(name)
    more = {"is_superuser": True, "account": 1, "grants": []}
    status, said, _ = await api.ask(await api.token("admin"), method, path, (body or {}) | more)
    assert (status, said["reason"]) == (422, "bad_syntax")
