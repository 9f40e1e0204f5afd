"""model/reply.py: every reply is well formed."""

import pytest

from skrytka.model import reply
from skrytka.model.reply import Reply

ALL = {name: value for name, value in vars(reply).items() if isinstance(value, Reply)}


@pytest.mark.parametrize("name", sorted(ALL))
def test_codes_agree_and_no_line_is_too_long(name: str) -> None:
    answer = ALL[name]
    assert 200 <= answer.code < 600
    if answer.enhanced:  # RFC 2034 4: the class is the first digit of the code
        assert answer.enhanced[0] == str(answer.code)[0]
        assert len(answer.enhanced.split(".")) == 3
    assert all(0 < len(line) <= 512 for line in answer.encode().split(b"\r\n")[:-1])


def test_replies_without_an_enhanced_code_are_those_that_rfc_2034_exempts() -> None:
    assert {name for name, answer in ALL.items() if not answer.enhanced} == {
        "GREETING",
        "HELO_OK",
        "START_DATA",
        "AUTH_CONTINUE",  # RFC 4954 4: a 334 carries the challenge and nothing else
    }


def test_many_lines_are_joined_by_hyphens() -> None:
    assert reply.OK.with_text("one", "two").encode() == b"250-2.0.0 one\r\n250 2.0.0 two\r\n"


def test_a_line_end_in_text_is_refused() -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        reply.OK.with_text("a\r\n250 b")


def test_a_reply_says_whether_waiting_helps() -> None:
    assert reply.OK.is_positive
    assert reply.LOCAL_ERROR.is_transient
    assert not reply.NO_SUCH_USER.is_transient
