import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.ids import AccountId
from skrytka.model.machine import Machine, Purpose

ONE = Machine(Purpose.REMOTE, AccountId(7), b"m" * 16)


@given(st.sampled_from(Purpose), st.integers(0, 2**62 - 1), st.binary(min_size=16, max_size=16))
def test_what_stands_in_a_certificate_is_read_again(purpose: Purpose, account: int, machine: bytes) -> None:
    one = Machine(purpose, AccountId(account), machine)
    assert Machine.parse(one.uri) == one


@pytest.mark.parametrize(
    "text",
    [
        "",
        ONE.uri + " ",
        ONE.uri.lower(),
        ONE.uri.replace("remote", "root"),
        ONE.uri.replace(":7:", ":07:"),
        ONE.uri.replace(":7:", f":{2**62}:"),
        ONE.uri.replace(":7:", ":7:8:"),
        "skrytka:remote:7:" + "Z" * 26,
        "https://example.org/",
    ],
)
def test_nothing_else_is_a_name(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in whatever words
        Machine.parse(text)


@given(st.text())
def test_any_text_is_a_name_or_an_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert Machine.parse(text).uri == text
