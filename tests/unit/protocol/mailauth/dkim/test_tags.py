import pytest

from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason
from skrytka.protocol.mailauth.dkim.tags import TAGS_MAX, read_base64, read_list, read_tags, required, without_space


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a=b", {"a": "b"}),
        (b" a = b ; c=d e ; ", {"a": "b", "c": "d e"}),
        (b"a=b;", {"a": "b"}),
        (b"\r\n\ta\r\n =\r\n \tb\r\n ;\r\n c=d\r\n\te\r\n ", {"a": "b", "c": "d e"}),
        (b"a=", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"A=1; a=2; a_1=3", {"A": "1", "a": "2", "a_1": "3"}),
        (b"d=\xc5\xbc.pl", {"d": "ż.pl"}),
    ],
)
def test_a_tag_list_is_read(raw: bytes, expected: dict[str, str]) -> None:
    tags = read_tags(raw)
    assert tags == expected
    assert list(tags) == list(expected)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b";",
        b"a",
        b"=b",
        b"a=b;;c=d",
        b"a=b;;",
        b"a=1; a=2",
        b"1=a",
        b"a-b=c",
        b"\xc5\xbc=c",
        b"a=b\xff",
        b"a=b\0",
        b"a=b\r\nc=d",
        b"a=b\nc",
        b"a=b\r",
        b"a=b\x7f",
    ],
)
def test_what_is_no_tag_list_is_refused(raw: bytes) -> None:
    with pytest.raises(DkimError) as raised:
        read_tags(raw)
    assert raised.value.reason is DkimReason.SYNTAX


def test_the_number_of_tags_is_bounded() -> None:
    tags = [f"t{number}=" for number in range(TAGS_MAX + 1)]
    assert len(read_tags(";".join(tags[:-1]).encode())) == TAGS_MAX
    with pytest.raises(DkimError, match="too_long"):
        read_tags(";".join(tags).encode())


def test_a_required_tag_may_be_empty_but_not_absent() -> None:
    assert required({"a": ""}, "a") == ""
    with pytest.raises(DkimError, match="missing_tag"):
        required({}, "a")


@pytest.mark.parametrize(("value", "expected"), [("", b""), ("Sk FJ\tTA==", b"JAIL"), ("AA==", b"\0")])
def test_base64_is_read_through_white_space(value: str, expected: bytes) -> None:
    assert read_base64(value) == expected


@pytest.mark.parametrize(
    "value", ["A", "AA=", "AA", "AAAA=", "AAAA====", "AB==", "AA==AAAA", "A-AA", "=AAA", "AA==AA==", "ż"]
)
def test_what_is_no_base64_is_refused_whole(value: str) -> None:
    with pytest.raises(DkimError, match="syntax"):
        read_base64(value)


def test_a_list_has_words_without_case_and_space() -> None:
    assert read_list("Sha1 :\tSHA256") == ("sha1", "sha256")
    assert read_list("") == ("",)
    assert without_space("a b\tc") == "abc"
