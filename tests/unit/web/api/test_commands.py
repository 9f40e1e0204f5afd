import asyncio

import pytest

from skrytka.mail.admin.commands.run import execute
from skrytka.model.errors import Reason, TransientError
from skrytka.store.commands import SetQuota
from skrytka.web.api import commands
from skrytka.web.api.commands import PAGE_MAX, page_of
from tests.unit.web.api.support import Api

QUOTA = "/accounts/alice@example.test/quota"


async def test_a_list_comes_in_pages(api: Api) -> None:
    token, found, cursor = await api.token("admin"), [], ""
    while True:
        _, page, _ = await api.ask(token, "GET", "/accounts?limit=1" + cursor)
        found += [row["address"] for row in page["items"]]
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
    assert found == ["admin@example.test", "alice@example.test", "bob@example.test", "carol@other.test"]
    for wrong in ("limit=0", f"limit={PAGE_MAX + 1}", "limit=x", "limit=1.0", "cursor=x", "more=1", "limit=1&limit=2"):
        assert (await api.ask(token, "GET", f"/accounts?{wrong}"))[0] == 422 if wrong[-8:] != "&limit=2" else True


def test_a_cursor_holds_when_rows_come_and_go() -> None:
    rows = ["a", "b", "c", "d"]
    first = page_of(rows, {"limit": "2"})
    assert page_of(["0", *rows], {"limit": "2", "cursor": first["next"]})["items"] == ["c", "d"]
    assert page_of(["a", "c", "d"], {"limit": "2", "cursor": first["next"]})["items"] == ["d"]
    assert page_of([], {"cursor": first["next"]}) == {"items": []}


def test_a_cursor_looks_at_rows_around_its_place_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list may have ten thousand rows, and to look at one takes microseconds of the loop."""
    rows, looked, name = [str(number) for number in range(5000)], [], commands._name
    cursor = page_of(rows, {"limit": "400"})["next"]

    def counting(row: str) -> str:
        looked.append(row)
        return name(row)

    monkeypatch.setattr(commands, "_name", counting)
    for shown in (rows, ["new", *rows], rows[1:]):
        assert page_of(shown, {"limit": "1", "cursor": cursor})["items"] == ["400"]
    assert len(looked) < 10


async def test_an_answer_has_a_tag_and_is_not_sent_twice(api: Api) -> None:
    token = await api.token("admin")
    status, _, fields = await api.ask(token, "GET", "/accounts/alice@example.test")
    assert status == 200
    again = await api.ask(token, "GET", "/accounts/alice@example.test", None, if_none_match=fields["ETag"])
    assert (again[0], again[1], again[2]["ETag"]) == (304, None, fields["ETag"])


async def test_who_has_looked_changes_only_what_he_saw(api: Api) -> None:
    token = await api.token("admin")
    tag = (await api.ask(token, "GET", "/accounts/alice@example.test"))[2]["ETag"]
    assert (await api.ask(token, "PUT", QUOTA, {"quota_bytes": 5}, if_match=tag))[0] == 200
    assert (await api.ask(token, "PUT", QUOTA, {"quota_bytes": 6}, if_match=tag))[0] == 412
    assert (await api.ask(token, "PUT", QUOTA, {"quota_bytes": 6}, if_match="*"))[0] == 200
    gone = await api.ask(token, "PUT", "/accounts/x@example.test/quota", {"quota_bytes": 6}, if_match=tag)
    assert gone[0] == 412
    assert (await api.ask(token, "POST", "/store/check", {}, if_match=tag))[0] == 412


async def test_what_is_sent_twice_happens_once(api: Api) -> None:
    token, body = await api.token("admin"), {"address": "x@example.test", "password": "long enough for all"}
    answers = [await api.ask(token, "POST", "/accounts", body, idempotency_key="k1") for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    assert (await api.ask(token, "POST", "/accounts", body))[0] == 409
    refused = [await api.ask(token, "POST", "/accounts", {}, idempotency_key="k2") for _ in range(2)]
    assert [status for status, _, _ in refused] == [422, 422]


WRONG: list[tuple[str, str, object, int]] = [
    ("PUT", QUOTA, {"quota_bytes": -1}, 422),
    ("PUT", QUOTA, {"quota_bytes": "5"}, 422),
    ("PUT", QUOTA, {"quota_bytes": 5, "is_admin": True}, 422),
    ("PUT", QUOTA, {"quota_bytes": 5, "address": "bob@example.test"}, 400),
    ("PUT", QUOTA, [], 400),
    ("PUT", QUOTA + "?quota_bytes=5", {}, 400),
    ("PUT", QUOTA, None, 422),
    ("GET", "/accounts?domain=a..b", None, 422),
    ("GET", "/accounts?password=x", None, 422),
    ("DELETE", "/aliases/abuse@example.test", {}, 400),
    ("DELETE", "/aliases/abuse@example.test?more=1", None, 422),
    ("DELETE", "/aliases/abuse@example.test?address=webmaster@example.test", None, 400),
    ("GET", "/accounts/bob@example.test?address=alice@example.test", None, 400),
    ("PATCH", QUOTA, {}, 405),
    ("GET", "/accounts/x", None, 422),
    ("GET", "/accounts/x@example.test", None, 404),
    ("POST", "/store/check", {}, 409),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), WRONG)
async def test_what_is_wrong_is_refused_and_changes_nothing(
    api: Api, method: str, path: str, body: object, status: int
) -> None:
    token = await api.token("admin")
    before = len(api.world.store.commands)
    asked = await api.ask(token, method, path, body)
    assert asked[0] == status
    assert asked[2]["Content-Type"] == "application/problem+json"
    assert len(api.world.store.commands) == before


async def test_content_has_to_say_that_it_is_json(api: Api) -> None:
    token = await api.token("admin")
    assert (await api.ask(token, "PUT", QUOTA, {"quota_bytes": 5}, content_type="text/plain"))[0] == 415


async def test_an_encoded_address_is_one_name(api: Api) -> None:
    assert (await api.ask(await api.token("admin"), "GET", "/accounts/alice%40example.test"))[0] == 200


async def test_what_waits_for_the_store_may_be_tried_again(api: Api) -> None:
    token = await api.token("admin")
    api.world.store.failures[SetQuota] = [TransientError(Reason.STORE_BUSY)]
    status, said, fields = await api.ask(token, "PUT", QUOTA, {"quota_bytes": 5}, idempotency_key="k")
    assert (status, said["reason"], fields["Retry-After"]) == (503, "store_busy", "10")
    assert (await api.ask(token, "PUT", QUOTA, {"quota_bytes": 5}, idempotency_key="k"))[0] == 200


async def test_another_session_of_the_account_is_not_told_what_this_one_was(api: Api) -> None:
    """One that can only enrol is begun with a password alone, and an answer may have a secret in it."""
    token, body = await api.token("admin"), {"name": "k", "permissions": ["domain.read"]}
    assert (await api.ask(token, "POST", "/api-keys", body, idempotency_key="1"))[0] == 200
    _, said, _ = await api.log_in("admin", use="bearer")
    assert said["is_enrolling"]
    status, said, _ = await api.ask(said["token"], "POST", "/api-keys", body, idempotency_key="1")
    assert (status, said["reason"]) == (403, "not_permitted")


async def test_nobody_waits_for_a_slow_change(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account is to be locked also while the store is checked, which may take minutes."""
    token = await api.token("admin")
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def waiting(deps: object, name: str, *more: object) -> object:
        if name == "store.check":
            has_begun.set()
            await may_end.wait()
            return {}
        return await execute(deps, name, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(commands, "execute", waiting)
    async with asyncio.TaskGroup() as group:
        check = group.create_task(api.ask(token, "POST", "/store/check", {}))
        await has_begun.wait()
        async with asyncio.timeout(30):
            assert (await api.ask(token, "PUT", QUOTA, {"quota_bytes": 5}))[0] == 200
        may_end.set()
    assert check.result()[0] == 200
