import pytest

from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.scopes import MAIL, Scope, narrowed, ordered, parse_scopes, scope_of, scope_text


def test_words_come_once_and_in_order() -> None:
    assert parse_scopes("openid smtp  imap smtp") == (Scope.IMAP, Scope.SMTP, Scope.OPENID)
    assert parse_scopes("") == ()
    assert scope_text(ordered(MAIL)) == "imap pop3 smtp sieve"


@pytest.mark.parametrize("text", ["imap admin", "IMAP", "imap\tsmtp", " ".join(["imap"] * 21)])
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(OAuthError) as caught:
        parse_scopes(text)
    assert caught.value.code is ErrorCode.INVALID_SCOPE


def test_no_more_than_is_allowed() -> None:
    allowed = (Scope.IMAP, Scope.SMTP)
    assert narrowed((), allowed) == allowed
    assert narrowed((Scope.SMTP,), allowed) == (Scope.SMTP,)
    with pytest.raises(OAuthError):
        narrowed((Scope.SMTP, Scope.SIEVE), allowed)


@pytest.mark.parametrize(
    ("service", "scope"),
    [
        ("imaps", Scope.IMAP),
        ("imap", Scope.IMAP),
        ("submission", Scope.SMTP),
        ("submissions", Scope.SMTP),
        ("pop3s", Scope.POP3),
        ("managesieve", Scope.SIEVE),
        ("smtp", None),
        ("web", None),
    ],
)
def test_each_service_wants_its_word(service: str, scope: Scope | None) -> None:
    assert scope_of(service) is scope
