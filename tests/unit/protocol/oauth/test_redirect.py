import pytest

from skrytka.protocol.oauth.errors import OAuthError
from skrytka.protocol.oauth.redirect import check_registered, is_allowed, with_answer


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example.org/cb",
        "https://client.example.org:8443/cb?x=1",
        "https://localhost",
        "http://127.0.0.1",
        "http://127.0.0.1:8080/cb",
        "http://[::1]/cb",
        "http://localhost/",
        "org.example.app:/cb",
    ],
)
def test_may_be_registered(uri: str) -> None:
    assert check_registered(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://client.example.org/cb",
        "https://client.example.org/cb#here",
        "https://client.example.org/a b",
        "https://user@client.example.org/cb",
        "https://client.example.org\\@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "app:/cb",
        "org.example.app://evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://localhost:x/",
        "https://a/" + "x" * 2000,
    ],
)
def test_may_not_be_registered(uri: str) -> None:
    with pytest.raises(OAuthError):
        check_registered(uri)


@pytest.mark.parametrize(
    ("registered", "asked", "expected"),
    [
        ("https://a.example/cb", "https://a.example/cb", True),
        ("https://a.example/cb", "https://a.example/cb/", False),
        ("https://a.example/cb", "https://a.example/cb?x=1", False),
        ("https://a.example/cb", "https://A.example/cb", False),
        ("https://a.example/cb", "https://a.example:443/cb", False),
        ("https://a.example/cb", "https://a.example/%63b", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", True),
        ("http://[::1]/cb", "http://[::1]:49152/cb", True),
        ("http://localhost", "http://localhost:8080", True),
        ("http://localhost", "http://localhost:8080/", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/other", False),
        ("http://127.0.0.1/cb", "http://localhost:49152/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", False),
        ("https://localhost/cb", "https://localhost:1/cb", False),
        ("org.example.app:/cb", "org.example.app:/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1/c\nb", False),
    ],
)
def test_only_the_port_on_loopback_may_differ(registered: str, asked: str, *, expected: bool) -> None:
    assert is_allowed(asked, ["https://other.example/", registered]) is expected


def test_an_answer_is_added_to_the_query() -> None:
    assert with_answer("https://a.example/cb", [("code", "x/y")]) == "https://a.example/cb?code=x%2Fy"
    assert with_answer("https://a.example/cb?a=1", [("b", "2")]) == "https://a.example/cb?a=1&b=2"
