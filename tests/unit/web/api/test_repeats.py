import asyncio
from dataclasses import replace

import pytest

from skrytka.model.actor import LOCAL_ROOT, Actor
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.protocol.http.server import Response
from skrytka.store.commands import EndRepeat
from skrytka.web.api.auth import Asker, Refusal
from skrytka.web.api.problems import problem
from skrytka.web.api.repeats import KEY_MAX, once
from skrytka.web.http import WebRequest, text
from tests.unit.mail.world import fails
from tests.unit.web.api.support import Api
from tests.unit.web.support import asked


class Work:
    """Counts how often it is done."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.count = 0

    async def __call__(self) -> Response:
        self.count += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def sent(body: bytes = b"{}", key: str = "k") -> WebRequest:
    return asked("POST", "/a", body, **({"idempotency_key": key} if key else {}))


async def asker(api: Api, name: str = "alice", shown: str = "session") -> Asker:
    return Asker(Actor(name, await api.world.account(name)), shown)


async def test_what_is_sent_twice_happens_once_and_has_the_same_answer(api: Api) -> None:
    kept, alice, work = api.world.admin.repeats, await asker(api), Work(text(200, "made"), text(200, "other"))
    for _ in range(2):
        assert (await once(kept, alice, sent(), work)).body == b"made"
    assert work.count == 1
    with pytest.raises(PermanentError):
        await once(kept, alice, sent(b"{1}"), work)
    assert (await once(kept, await asker(api, "bob"), sent(), work)).body == b"other"
    other = Work(text(200, "of another session"))
    assert (await once(kept, await asker(api, shown="another"), sent(), other)).body == b"of another session"


@pytest.mark.parametrize("first", [problem(503), problem(429), problem(403), KeyError("a bug")])
async def test_what_came_to_nothing_is_tried_again(api: Api, first: Response | Exception) -> None:
    kept, alice, work = api.world.admin.repeats, await asker(api), Work(first, text(200, "made"))
    if isinstance(first, Exception):
        with pytest.raises(KeyError):
            await once(kept, alice, sent(), work)
    else:
        assert await once(kept, alice, sent(), work) is first
    assert (await once(kept, alice, sent(), work)).body == b"made"


async def test_what_was_broken_off_is_not_done_again(api: Api) -> None:
    kept, alice = api.world.admin.repeats, await asker(api)

    async def broken_off() -> Response:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await once(kept, alice, sent(), broken_off)
    work = Work(text(200, "made again"))
    with pytest.raises(Refusal) as caught:
        await once(kept, alice, sent(), work)
    assert (caught.value.response.status, work.count) == (409, 0)
    assert b"another Idempotency-Key" in caught.value.response.body


async def test_two_keys_are_none(api: Api) -> None:
    request = replace(sent(), fields={"idempotency-key": ("a", "b")})
    with pytest.raises(PermanentError) as caught:
        await once(api.world.admin.repeats, await asker(api), request, Work(text(200, "made")))
    assert caught.value.reason is Reason.BAD_SYNTAX


async def test_a_change_that_was_made_is_told_though_it_cannot_be_kept(api: Api) -> None:
    kept, alice = api.world.admin.repeats, await asker(api)
    api.world.store.failures[EndRepeat] = fails(TransientError(Reason.STORE_BUSY))
    work = Work(text(200, "made"), text(200, "made again"))
    assert (await once(kept, alice, sent(), work)).body == b"made"
    with pytest.raises(Refusal):  # nobody knows what became of it
        await once(kept, alice, sent(), work)
    assert work.count == 1


async def test_without_a_key_nothing_is_kept(api: Api) -> None:
    kept, alice, work = api.world.admin.repeats, await asker(api), Work(text(200, "1"), text(200, "2"), text(200, "3"))
    assert (await once(kept, alice, sent(key=""), work)).body == b"1"
    assert (await once(kept, alice, sent(key=""), work)).body == b"2"
    assert (await once(kept, Asker(LOCAL_ROOT, "x"), sent(), work)).body == b"3"
    with pytest.raises(PermanentError):
        await once(kept, alice, sent(key="k" * (KEY_MAX + 1)), work)
