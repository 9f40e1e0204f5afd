import asyncio
from typing import cast

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.acme.drive import drive
from skrytka.net.https import Https, Url
from skrytka.protocol.acme.steps import AuthorityError, Call, Kind, Pause, Publish, Steps
from skrytka.protocol.http.client import Received

ONE = Publish(Kind.HTTP, "a.test", "token", "token.x")


class FakeHttps:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes | None, tuple[tuple[str, str], ...]]] = []

    async def ask(
        self, url: Url, *, method: str, fields: tuple[tuple[str, str], ...], body: bytes | None, **_: float
    ) -> Received:
        self.asked.append((method, str(url), body, fields))
        return Received(200, {}, b"hello")


class Places:
    def __init__(self, failure: Exception | None = None) -> None:
        self.log: list[str] = []
        self._failure = failure

    async def publish(self, wanted: Publish) -> None:
        self.log.append(f"+{wanted.name}")
        if self._failure is not None:
            raise self._failure

    async def withdraw(self, wanted: Publish) -> None:
        self.log.append(f"-{wanted.name}")


async def take(steps: Steps[str], places: Places, https: FakeHttps | None = None, seconds: float = 5) -> str:
    return await drive(steps, cast("Https", https or FakeHttps()), places, seconds=seconds)


async def test_each_step_is_taken_and_its_answer_sent_back() -> None:
    def steps() -> Steps[str]:
        got = yield Call("GET", "https://ca.test/dir")
        yield ONE
        yield Pause(0.0)
        yield Call("POST", "https://ca.test/x", b"{}")
        return str(got.body.decode())

    places, https = Places(), FakeHttps()
    assert await take(steps(), places, https) == "hello"
    assert places.log == ["+a.test", "-a.test"]
    assert https.asked == [
        ("GET", "https://ca.test/dir", None, (("User-Agent", "skrytka"),)),
        (
            "POST",
            "https://ca.test/x",
            b"{}",
            (("User-Agent", "skrytka"), ("Content-Type", "application/jose+json")),
        ),
    ]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (AuthorityError("no"), Reason.NOT_PERMITTED),
        (PermanentError(Reason.BAD_SYNTAX, "x"), Reason.BAD_SYNTAX),
        (TransientError(Reason.DISK_FULL), Reason.DISK_FULL),
    ],
)
async def test_what_was_published_is_withdrawn_whatever_fails(failure: Exception, reason: Reason) -> None:
    def steps() -> Steps[str]:
        yield ONE
        return "done"

    places = Places(failure)
    with pytest.raises(TransientError) as caught:
        await take(steps(), places)
    assert caught.value.reason is reason
    assert places.log == ["+a.test", "-a.test"]


async def test_an_authority_that_sends_us_elsewhere_than_https_is_not_followed() -> None:
    def steps() -> Steps[str]:
        yield Call("GET", "http://127.0.0.1/")
        return ""

    with pytest.raises(TransientError):
        await take(steps(), Places())


async def test_it_ends_after_its_time() -> None:
    def steps() -> Steps[str]:
        yield ONE
        while True:
            yield Pause(0.01)

    places = Places()
    with pytest.raises(TransientError) as caught:
        await take(steps(), places, seconds=0.05)
    assert caught.value.reason is Reason.TIMEOUT
    assert places.log[-1] == "-a.test"


async def test_who_is_cancelled_withdraws_too() -> None:
    def steps() -> Steps[str]:
        yield ONE
        yield Pause(60)
        return ""

    places = Places()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(take(steps(), places, seconds=99), 0.05)
    assert places.log == ["+a.test", "-a.test"]
