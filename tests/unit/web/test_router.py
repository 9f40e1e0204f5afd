import pytest

from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, text
from skrytka.web.router import Router
from tests.unit.web.support import asked


def page(method: str, path: str) -> Page:
    async def handler(request: WebRequest) -> Response:
        return text(200, f"{method} {path} {request.params}")

    return Page(method, path, handler)


ROUTER = Router(
    [page("GET", "/"), page("GET", "/a/{x}"), page("PUT", "/a/{x}"), page("GET", "/a/b/c"), page("POST", "/a/b")]
)


@pytest.mark.parametrize(
    ("method", "target", "said"),
    [
        ("GET", "/", "GET / {}"),
        ("GET", "/a/1", "GET /a/{x} {'x': '1'}"),
        ("PUT", "/a/b%2Fc", "PUT /a/{x} {'x': 'b/c'}"),
        ("GET", "/a/b/c", "GET /a/b/c {}"),
        ("POST", "/a/b", "POST /a/b {}"),
        ("GET", "/a", "404"),
        ("GET", "/a/", "404"),
        ("GET", "/a/1/2", "404"),
        ("DELETE", "/a/1", "405"),
        ("TRACE", "/a/1", "405"),
    ],
)
async def test_a_request_finds_its_page(method: str, target: str, said: str) -> None:
    assert (await ROUTER(asked(method, target))).body.decode().strip() == said


async def test_who_asks_in_the_wrong_way_is_told_the_right_ones() -> None:
    assert dict((await ROUTER(asked("POST", "/a/1"))).fields)["Allow"] == "GET, HEAD, PUT"


def test_two_pages_in_one_place_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two pages"):
        Router([page("GET", "/a"), page("GET", "/a")])
    with pytest.raises(ValueError, match="one place"):
        Router([page("GET", "/{a}"), page("GET", "/{b}/c")])
