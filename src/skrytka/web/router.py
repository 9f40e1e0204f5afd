"""Finds the page for a request. Everything else is 404, a wrong method 405 with those that are right."""

from collections.abc import Callable, Iterable, Iterator

from skrytka.protocol.http.server import Response
from skrytka.web.http import Handler, Page, WebRequest, text, with_params

Absent = Callable[[int], Response]


class Router:
    """A tree of path segments: what is named goes before what is not."""

    def __init__(self, pages: Iterable[Page], absent: Absent = lambda status: text(status, f"{status}\n")) -> None:
        self._root = _Node()
        self._absent = absent
        for page in pages:
            self._add(page)

    async def __call__(self, request: WebRequest) -> Response:
        """The page's answer."""
        node, params = self._root.find(request.segments, {})
        if node is None or not node.handlers:
            return self._absent(404)
        handler = node.handlers.get(request.method)
        if handler is None:
            said = self._absent(405)
            allow = ", ".join(sorted({*node.handlers, *(["HEAD"] if "GET" in node.handlers else [])}))
            return Response(said.status, said.body, (*said.fields, ("Allow", allow)))  # RFC 9110 15.5.6
        return await handler(with_params(request, params))

    def _add(self, page: Page) -> None:
        node = self._root
        for part in _parts(page.path):
            node = node.child(part)
        if page.method in node.handlers:
            raise ValueError(f"two pages for {page.method} {page.path}")
        node.handlers[page.method] = page.handler


class _Node:
    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self._named: dict[str, _Node] = {}
        self._param: tuple[str, _Node] | None = None

    def child(self, part: str) -> "_Node":
        if not part.startswith("{"):
            return self._named.setdefault(part, _Node())
        name = part.strip("{}")
        if self._param is None:
            self._param = (name, _Node())
        if self._param[0] != name:
            raise ValueError(f"{part} and {{{self._param[0]}}} are one place")
        return self._param[1]

    def find(self, segments: tuple[str, ...], params: dict[str, str]) -> tuple["_Node | None", dict[str, str]]:
        if not segments:
            return self, params
        named = self._named.get(segments[0])
        if named is not None:
            found, known = named.find(segments[1:], params)
            if found is not None and found.handlers:
                return found, known
        if self._param is not None and segments[0]:
            name, node = self._param
            return node.find(segments[1:], params | {name: segments[0]})
        return None, params


def _parts(path: str) -> Iterator[str]:
    return (part for part in path.strip("/").split("/") if part)
