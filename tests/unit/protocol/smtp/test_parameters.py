import pytest

from skrytka.model import reply as replies
from skrytka.model.envelope import Notify
from skrytka.protocol.smtp.parameters import (
    CommandError,
    decode_xtext,
    encode_xtext,
    parse_envid,
    parse_notify,
    parse_orcpt,
    parse_parameters,
    required,
)


def test_keywords_are_folded_and_values_kept() -> None:
    parsed = parse_parameters("size=100  Body=8bitmime SMTPUTF8", is_utf8=False)
    assert parsed == {"SIZE": "100", "BODY": "8bitmime", "SMTPUTF8": None}


@pytest.mark.parametrize(
    "text",
    [
        "SIZE=1 size=2",
        "=1",
        "SI_ZE=1",
        "-X=1",
        "SIZE=",
        "ENVID=a=b",
        "SIZE=\u00a01",
        "X=\x7f",
        "ENVID=zażółć",
        "SIZĘ=1",
    ],
)
def test_broken_parameters_are_a_syntax_error(text: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_parameters(text, is_utf8=False)
    assert caught.value.reply == replies.BAD_SYNTAX


def test_utf8_values_need_smtputf8() -> None:
    assert parse_parameters("ORCPT=utf-8;zażółć@x", is_utf8=True) == {"ORCPT": "utf-8;zażółć@x"}


def test_a_value_that_must_be_there_is_asked_for() -> None:
    assert required("x") == "x"
    with pytest.raises(CommandError):
        required(None)


@pytest.mark.parametrize(("text", "decoded"), [("", ""), ("abc", "abc"), ("a+2Bb+3Dc+20d", "a+b=c d")])
def test_xtext_is_decoded(text: str, decoded: str) -> None:
    assert decode_xtext(text) == decoded


@pytest.mark.parametrize("text", ["a+", "a+2", "a+2b", "a=b", "a+0D+0A", "a+00", "a+FF", "a b"])
def test_xtext_outside_its_alphabet_or_unprintable_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        decode_xtext(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("NEVER", {Notify.NEVER}),
        ("success,FAILURE", {Notify.SUCCESS, Notify.FAILURE}),
        ("DELAY,DELAY", {Notify.DELAY}),
    ],
)
def test_notify_is_a_set(text: str, wanted: set[Notify]) -> None:
    assert parse_notify(text) == wanted


@pytest.mark.parametrize("text", ["NEVER,DELAY", "", "SUCCESS,", "ALWAYS"])
def test_notify_has_four_words_and_never_stands_alone(text: str) -> None:
    with pytest.raises(CommandError):
        parse_notify(text)


def test_orcpt_keeps_its_type() -> None:
    assert parse_orcpt("rfc822;bob+2Bx@example.test") == "rfc822;bob+x@example.test"
    assert parse_orcpt(r"utf-8;b\x{F3}b@example.test") == r"utf-8;b\x{F3}b@example.test"


@pytest.mark.parametrize("text", ["bob@example.test", ";bob@example.test", "rfc 822;b", "rfc822;" + "a" * 500])
def test_orcpt_has_a_type_and_500_characters_at_most(text: str) -> None:
    with pytest.raises(CommandError):
        parse_orcpt(text)


def test_envid_has_100_characters_at_most() -> None:
    assert parse_envid("a" * 100) == "a" * 100
    with pytest.raises(CommandError):
        parse_envid("a" * 101)


@pytest.mark.parametrize("text", ["", "a", "a+b=c d", "".join(map(chr, range(0x20, 0x7F)))])
def test_xtext_is_decoded_to_what_was_encoded(text: str) -> None:
    assert decode_xtext(encode_xtext(text)) == text
