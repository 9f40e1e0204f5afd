import pytest

from skrytka.protocol.acme.answers import Authorization, Directory, Order, Problem, decode
from skrytka.protocol.acme.steps import AuthorityError


def test_what_nobody_asked_for_is_passed_over() -> None:
    order = decode(b'{"status":"pending","finalize":"f","authorizations":["a"],"expires":"x","new":{"a":1}}', Order)
    assert (order.status, order.authorizations, order.certificate) == ("pending", ("a",), "")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"newNonce":1}', b'{"newNonce":"\xff"}', b"{" * 5000])
def test_what_is_something_else_is_an_error_of_the_authority(body: bytes) -> None:
    with pytest.raises(AuthorityError):
        decode(body, Directory)


def test_problems_are_told_in_short() -> None:
    assert str(Problem(type="urn:ietf:params:acme:error:dns", detail="no such name")) == "dns: no such name"
    challenge = b'{"type":"x","url":"u","error":{"detail":"d"}}'
    body = b'{"status":"invalid","identifier":{"value":"a.test"},"challenges":[%s]}' % challenge
    assert decode(body, Authorization).failure == "a.test: : d"
