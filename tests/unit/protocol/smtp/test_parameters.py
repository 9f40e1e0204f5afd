import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model import reply as replies
from skrytka.model.envelope import Notify
from skrytka.protocol.smtp.parameters import (
    CommandError,
    decode_utf8_address,
    decode_xtext,
    encode_utf8_address,
    encode_xtext,
    parse_envid,
    parse_identity,
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


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_xtext_is_decoded_to_what_was_encoded(text: str) -> None:
    encoded = encode_xtext(text)
    assert decode_xtext(encoded) == text
    assert not set(encoded) & set(" =")


@given(st.text())
def test_any_xtext_is_printable_ascii_or_refused(text: str) -> None:
    try:
        decoded = decode_xtext(text)
    except CommandError:
        return
    assert decoded == "" or (decoded.isascii() and decoded.isprintable())
    assert decode_xtext(encode_xtext(decoded)) == decoded


@pytest.mark.parametrize(
    "address",
    [
        "bob@example.test",
        "zażółć@example.test",  # unitext, the form that is also an address
        r"za\x{17C}\x{F3}\x{142}\x{107}@example.test",
        r"a\x{2B}b\x{3D}c\x{20}\x{5C}@example.test",
        r"\x{10FFFF}\x{1F600}\x{9}@example.test".replace("{9}", "{09}"),
    ],
)
def test_the_forms_of_a_utf8_address_are_taken_as_they_are(address: str) -> None:
    assert parse_orcpt(f"UTF-8;{address}") == f"UTF-8;{address}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a+2Bb@example.test",  # xtext is for other types
        "a=b",
        "a b",
        "a\\b",
        r"a\x{}",
        r"a\x{41}",  # ASCII that needs no such form
        r"a\x{0D}\x{0A}",
        r"a\x{00}",
        r"a\x{D800}",
        r"a\x{110000}",
        r"a\x{017C}",
        r"a\x{9}",
        r"a\x{17C",
        r"a\u{17C}",
    ],
)
def test_a_broken_utf8_address_is_refused(address: str) -> None:
    with pytest.raises(CommandError):
        parse_orcpt(f"utf-8;{address}")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_utf8_address_is_decoded_to_what_was_encoded(text: str) -> None:
    encoded = encode_utf8_address(text.replace("\\", "/"))
    assert encoded.isascii()
    assert decode_utf8_address(encoded) == text.replace("\\", "/")
    if len(encoded) < 450:
        assert parse_orcpt(f"utf-8;{encoded}") == f"utf-8;{encoded}"


@pytest.mark.parametrize("value", ["<>", "e+3Dmc2@example.com", "a@[192.0.2.1]"])
def test_the_identity_of_a_sender_is_a_mailbox_or_nobody(value: str) -> None:
    parse_identity(value)


@pytest.mark.parametrize("value", ["", "<", "<a@example.org>", "alice", "a+3", "a b@example.org", "ż@example.org"])
def test_what_is_no_mailbox_is_no_identity(value: str) -> None:
    with pytest.raises(CommandError):
        parse_identity(value)
