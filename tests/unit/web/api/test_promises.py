"""What every place promises, made from the OpenAPI document: ETags, pages, problem+json, keys of repeated changes."""

from typing import Any

import pytest

from skrytka.mail.admin.commands.table import COMMANDS
from tests.unit.web.api.support import Api
from tests.unit.web.api.test_matrix import request
from tests.unit.web.api.test_openapi import OPERATIONS

PROBLEM, JSON = "application/problem+json", "application/json"
SHOWN = [name for name, command in COMMANDS.items() if command.route.method == "GET"]
CHANGES = [name for name, command in COMMANDS.items() if command.route.method != "GET"]
LISTS = [name for name in SHOWN if any(one["name"] == "cursor" for one in OPERATIONS[name][2]["parameters"])]


def here(name: str) -> tuple[str, str, Any]:
    """As the matrix asks, of what is there; no place has a parameter in the query that it needs but ``trace``."""
    method, path, body, _ = request(name)
    return method, path.replace("carol@other.test", "alice@example.test").replace("other.test", "example.test"), body


def with_query(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


def is_problem(status: int, said: Any, fields: dict[str, str]) -> bool:
    """RFC 9457, and no more than the document says."""
    names = {"title", "status", "detail", "reason", "mend"}
    return fields["Content-Type"] == PROBLEM and said["status"] == status and bool(said["title"]) and set(said) <= names


async def test_what_is_shown_has_a_tag_and_is_not_sent_again_while_that_holds(api: Api) -> None:
    token, found = await api.token("admin"), []
    for name in SHOWN:
        _, path, _ = here(name)
        status, said, fields = await api.ask(token, "GET", path)
        if status != 200:
            assert is_problem(status, said, fields), path
            assert status in (404, 409), path  # a demo's parts are not all there in this test
            continue
        found.append(name)
        assert fields["Content-Type"] == JSON
        tag = fields["ETag"]
        status, said, fields = await api.ask(token, "GET", path, if_none_match=tag)
        if name not in ("session.list", "role.list"):  # a look at sessions changes when they were seen last
            assert (status, said, fields.get("ETag")) == (304, None, tag), path
        assert (await api.ask(token, "GET", path, if_none_match='"another"'))[0] == 200
    assert len(found) > len(SHOWN) / 2


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=-1", "cursor=x", "cursor=1-0", "nothing=1"]
)
async def test_lists_come_in_pages_and_say_what_is_wrong_with_a_cursor(api: Api, query: str) -> None:
    token = await api.token("admin")
    for name in LISTS:
        _, path, _ = here(name)
        status, page, _ = await api.ask(token, "GET", with_query(path, "limit=1"))
        if status == 200 and not path.startswith("/own/") and not path.endswith("/logins"):
            assert len(page["items"]) <= 1, path
            assert ("next" in page) == (len((await api.ask(token, "GET", path))[1]["items"]) > 1), path
        status, said, fields = await api.ask(token, "GET", with_query(path, query))
        assert is_problem(status, said, fields), path
        assert status in (404, 409, 422), path


async def test_a_change_of_what_has_changed_since_is_refused(api: Api) -> None:
    token, before = await api.token("admin"), len(api.world.store.commands)
    for name in CHANGES:
        method, path, body = here(name)
        answer = await api.ask(token, method, path, body, if_match='"of another time"')
        assert answer[0] == 412, path
        assert is_problem(*answer), path
    assert len(api.world.store.commands) == before


async def test_whatever_is_refused_is_a_problem(api: Api) -> None:
    alice = await api.token("alice")
    for name in OPERATIONS:
        method, path, body = (
            here(name) if name in COMMANDS else (OPERATIONS[name][1].upper(), OPERATIONS[name][0], None)
        )
        nobody = await api.ask("", method, path, body)
        assert is_problem(*nobody), path
        if nobody[0] == 401:
            assert nobody[2]["WWW-Authenticate"], path
        wrong = await api.ask(alice, "PATCH", path)
        assert is_problem(*wrong), path
        assert (wrong[0], method in wrong[2]["Allow"]) == (405, True), path
        if method in ("POST", "PUT"):
            assert is_problem(*await api.ask(alice, method, path, ["no object"])), path
            assert (await api.ask(alice, method, path, {"a": 1}, content_type="text/plain"))[0] == 415, path
        if method == "DELETE" and name in COMMANDS:
            assert is_problem(*await api.ask(alice, method, path, {})), path


async def test_a_change_that_is_refused_is_refused_alike_when_it_comes_again(api: Api) -> None:
    alice = await api.token("alice")
    for number, name in enumerate(CHANGES):
        method, path, body = here(name)
        if COMMANDS[name].permission == "own":
            continue
        first = await api.ask(alice, method, path, body, idempotency_key=str(number))
        assert first[0] == 403, path
        assert await api.ask(alice, method, path, body, idempotency_key=str(number)) == first, path
        other = with_query(path, "x=1") if method == "DELETE" else path
        again = await api.ask(alice, method, other, {**(body or {}), "x": 1}, idempotency_key=str(number))
        assert again[0] in (400, 422), path
