import pytest

from skrytka.protocol.oauth.errors import ErrorCode, OAuthError


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.INVALID_CLIENT, 401),
        (ErrorCode.INVALID_GRANT, 400),
        (ErrorCode.AUTHORIZATION_PENDING, 400),
        (ErrorCode.TEMPORARILY_UNAVAILABLE, 503),
    ],
)
def test_the_status_follows_from_the_code(code: ErrorCode, status: int) -> None:
    assert OAuthError(code).status == status
    assert str(OAuthError(code, "why")) == f"{code.value}: why"
