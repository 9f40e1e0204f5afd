import pytest

from skrytka.protocol.http.server import Response
from skrytka.web.http import SAFE, BadRequestError, WebRequest, finished, html, json, redirect, text, with_params
from tests.unit.web.support import asked


def test_the_browser_is_part_of_who_asks() -> None:
    assert asked("GET", "/", user_agent="curl/8.5.0").peer.program == "curl"
    assert asked("GET", "/").peer.program == ""


def test_an_encoded_slash_is_part_of_a_name() -> None:
    assert asked("GET", "/a/b%2Fc%40d").segments == ("a", "b/c@d")
    assert asked("GET", "/").segments == ()
    assert asked("HEAD", "/x?a=1&b=").query == {"a": "1", "b": ""}
    assert asked("HEAD", "/x").method == "GET"


@pytest.mark.parametrize("target", ["/%ff", "/a%00", "/?a=1&a=2", "/?a=%00", "/?a=%ff", "/?a", "/%0d%0a"])
def test_what_cannot_be_read_in_one_way_is_refused(target: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        asked("GET", target)
    assert caught.value.status == 400


def test_a_form_is_read_when_it_says_that_it_is_one() -> None:
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    assert asked("POST", "/", b"a=%C4%85+b", content_type=kind).form() == {"a": "ą b"}
    for body, said, status in ((b"a=1", "text/plain", 415), (b"\xff", kind, 400), (b"a=1&a=2", kind, 400)):
        with pytest.raises(BadRequestError) as caught:
            asked("POST", "/", body, content_type=said).form()
        assert caught.value.status == status


def test_the_first_of_equal_cookies_counts() -> None:
    assert asked("GET", "/", cookie="a=1; b=x=y; a=2").cookies == {"a": "1", "b": "x=y"}
    assert asked("GET", "/").cookies == {}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"origin": "https://mail.example.test"}, True),
        ({"origin": "https://mail.example.test:8443", "host": "Mail.example.test:8443"}, True),
        ({"origin": "https://mail.example.test:8442", "host": "mail.example.test:8443"}, False),
        ({"origin": "https://mail.example.test", "host": "mail.example.test:8443"}, False),
        ({"origin": "https://mail.example.test:8443"}, False),
        ({"origin": "https://evil.test"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_another_site_s_page_is_told_from_ours(fields: dict[str, str], expected: bool) -> None:
    assert asked("POST", "/", b"", **fields).is_same_origin is expected


def test_a_field_that_stands_twice_is_none() -> None:
    request = asked("GET", "/", if_match="x")
    assert (request.field("if-match"), request.field("other")) == ("x", "")
    assert with_params(request, {"a": "b"}).params == {"a": "b"}
    twice = WebRequest(
        method="GET", host="", segments=(), query={}, fields={"a": ("1", "2")}, body=b"", peer=request.peer
    )
    assert twice.field("a") == ""


def test_every_answer_has_what_keeps_browsers_safe_unless_it_brings_its_own() -> None:
    fields = dict(finished(text(200, "x"), 0).fields)
    assert fields.items() >= SAFE.items()
    assert fields["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    own = finished(Response(200, fields=(("cache-control", "max-age=5"),)), 0).fields
    assert [value for name, value in own if name.lower() == "cache-control"] == ["max-age=5"]
    policy = SAFE["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_answers() -> None:
    assert json({"a": 1}, 201, (("ETag", '"x"'),)).fields[1] == ("ETag", '"x"')
    assert html("<p>").fields[0][1].startswith("text/html")
    assert redirect("/x").fields == (("Location", "/x"),)


def test_a_request_prints_nothing_secret() -> None:
    request = asked("POST", "/secret?secret=secret", b"secret", cookie="secret")
    assert repr(request) == f"WebRequest(POST {request.host})"
