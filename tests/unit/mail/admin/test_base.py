import pytest

from skrytka.mail.admin.base import parse_address, parse_domain
from skrytka.model.errors import PermanentError, Reason


def test_names_are_parsed_once_into_their_canonical_form() -> None:
    assert parse_domain("EXAMPLE.test.").name == "example.test"
    assert parse_address("Alice@EXAMPLE.test").key == "alice@example.test"


@pytest.mark.parametrize(
    "text", ["", "a@", "@b", "a@[127.0.0.1]", "a@b c", "a\r\nb@c.test", "x" * 65 + "@c.test", "é" * 33 + "@c.test"]
)
def test_what_is_no_address_says_what_is_wrong(text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_address(text)
    assert caught.value.reason is Reason.BAD_SYNTAX
    assert "\n" not in caught.value.detail
