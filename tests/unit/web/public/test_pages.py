import pytest

from skrytka.model.settings import SecurityTxt
from skrytka.protocol.http.server import Request, Response
from skrytka.web.public.pages import answer, problem
from tests.unit.web.public.world import KEY_AUTHORIZATION, POLICY, TOKEN, make_deps

CHALLENGE = f"/.well-known/acme-challenge/{TOKEN}"
STS = "/.well-known/mta-sts.txt"
SECURITY = "/.well-known/security.txt"


def field(response: Response, name: str) -> str | None:
    return dict(response.fields).get(name)


@pytest.mark.parametrize(
    ("host", "path", "is_secure", "status"),
    [
        ("mail.example.test", CHALLENGE, False, 200),
        ("anything.test", CHALLENGE, False, 200),
        ("mail.example.test", CHALLENGE, True, 200),
        ("mail.example.test", CHALLENGE + "x", False, 404),
        ("mail.example.test", "/.well-known/acme-challenge/../../etc/passwd", False, 404),
        ("mail.example.test", "/.well-known/acme-challenge/", False, 404),
        ("mta-sts.example.test", STS, True, 200),
        ("mta-sts.xn--gdka.test", STS, True, 200),
        ("mta-sts.other.test", STS, True, 404),
        ("example.test", STS, True, 404),
        ("mail.example.test", STS, True, 404),
        ("mta-sts.example.test", "/.well-known/MTA-STS.txt", True, 404),
        ("mta-sts.example.test", STS, False, 301),
        ("mail.example.test", SECURITY, True, 200),
        ("example.test", SECURITY, True, 200),
        ("other.test", SECURITY, True, 404),
        ("example.test", "/", False, 301),
        ("other.test", "/", False, 404),
        ("", "/", False, 404),
        ("mta-sts.test", "/", True, 404),
        ("example.test", "/", True, 404),
    ],
)
async def test_what_is_where(host: str, path: str, is_secure: bool, status: int) -> None:
    assert (await answer(Request("GET", host, path), make_deps(), is_secure=is_secure)).status == status


async def test_a_challenge_is_answered_with_its_key_authorization_and_kept_by_nobody() -> None:
    response = await answer(Request("GET", "a.test", CHALLENGE), make_deps(), is_secure=False)
    assert response.body == KEY_AUTHORIZATION
    assert field(response, "Cache-Control") == "no-store"


async def test_the_policy_is_plain_text_with_the_headers_of_safety() -> None:
    response = await answer(Request("GET", "mta-sts.example.test", STS), make_deps(), is_secure=True)
    assert response.body == POLICY.text()
    assert field(response, "Content-Type") == "text/plain; charset=utf-8"
    assert field(response, "X-Content-Type-Options") == "nosniff"
    assert field(response, "Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'"
    assert field(response, "Strict-Transport-Security") == "max-age=31536000"
    assert field(response, "Date") == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert field(response, "Server") is None


async def test_in_clear_one_is_sent_to_the_same_place_under_tls_and_hsts_is_not_said() -> None:
    response = await answer(Request("GET", "example.test", "/a"), make_deps(), is_secure=False)
    assert field(response, "Location") == "https://example.test/a"
    assert field(response, "Strict-Transport-Security") is None


@pytest.mark.parametrize(
    ("changes", "host", "path", "is_secure"),
    [
        ({"is_redirecting": False}, "example.test", "/", False),
        ({"policy": None}, "mta-sts.example.test", STS, True),
        ({"security_txt": SecurityTxt()}, "example.test", SECURITY, True),
    ],
)
async def test_what_is_not_set_up_is_not_there(
    changes: dict[str, object], host: str, path: str, is_secure: bool
) -> None:
    response = await answer(Request("GET", host, path), make_deps(**changes), is_secure=is_secure)
    assert response.status == 404


def test_a_method_that_is_not_allowed_hears_which_are() -> None:
    assert field(problem(405, make_deps(), is_secure=True), "Allow") == "GET, HEAD"
    assert field(problem(400, make_deps(), is_secure=True), "Allow") is None
