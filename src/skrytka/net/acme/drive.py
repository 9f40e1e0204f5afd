"""Takes the steps of a client of an authority: requests by HTTPS, challenges where the authority can find them."""

import asyncio
from typing import Final, Protocol, TypeVar

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.https import Https, Url
from skrytka.protocol.acme.steps import Call, Pause, Publish, Steps
from skrytka.protocol.http.client import Received

REQUEST_S: Final = 30.0
ANSWER_MAX: Final = 256 * 1024
T = TypeVar("T")
_JOSE = (("Content-Type", "application/jose+json"),)  # RFC 8555 6.2


class Publisher(Protocol):
    """Puts challenges where an authority finds them; TransientError when it cannot."""

    async def publish(self, wanted: Publish) -> None: ...

    async def withdraw(self, wanted: Publish) -> None: ...


async def drive(steps: Steps[T], https: Https, publisher: Publisher, *, seconds: float) -> T:
    """The result. TransientError: it did not work this time. What was published is withdrawn in any case."""
    published: list[Publish] = []
    try:
        async with asyncio.timeout(seconds):
            return await _take(steps, https, publisher, published)
    except TimeoutError as exc:
        raise TransientError(Reason.TIMEOUT, f"not done within {seconds:.0f} s") from exc
    except PermanentError as exc:  # an authority that gives what is no URL may do better tomorrow
        raise TransientError(exc.reason, exc.detail) from exc
    finally:
        steps.close()
        for one in published:
            await publisher.withdraw(one)


async def _take(steps: Steps[T], https: Https, publisher: Publisher, published: list[Publish]) -> T:
    answer: Received | None = None
    try:
        while True:
            step = steps.send(answer)
            answer = None
            match step:
                case Call():
                    answer = await _call(step, https)
                case Publish():
                    published.append(step)
                    await publisher.publish(step)
                case Pause(seconds=seconds):
                    await asyncio.sleep(seconds)
    except StopIteration as done:
        result: T = done.value
        return result


async def _call(call: Call, https: Https) -> Received:
    return await https.ask(
        Url.parse(call.url),
        method=call.method,
        fields=(("User-Agent", "skrytka"), *(_JOSE if call.body is not None else ())),  # RFC 8555 6.1
        body=call.body,
        seconds=REQUEST_S,
        body_max=ANSWER_MAX,
    )
