import pytest

from skrytka.protocol.http.dates import http_date


@pytest.mark.parametrize(
    ("now_ms", "text"),
    [(784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT")],  # RFC 9110 5.6.7
)
def test_the_format_of_http_dates(now_ms: int, text: str) -> None:
    assert http_date(now_ms) == text
