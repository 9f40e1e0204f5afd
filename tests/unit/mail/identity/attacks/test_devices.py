import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.identity.attacks.devices import PROGRAM_MAX, of_hello, of_imap_id, of_user_agent


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((), ""),
        ((("version", "3"),), ""),
        ((("name", "Thunderbird"), ("version", "140.5")), "name=thunderbird"),
        ((("OS", "iOS"), ("name", "iPhone Mail"), ("vendor", "")), "name=iphone mail; os=ios"),
        ((("name", " a\r\n\tb\x00c "),), "name=a b c"),
        ((("name", "x" * 1024),), "name=" + "x" * 64),
    ],
)
def test_a_program_is_known_by_what_does_not_change_with_its_versions(
    fields: tuple[tuple[str, str], ...], expected: str
) -> None:
    assert of_imap_id(fields) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Laptop.example.net", "ehlo=laptop.example.net"),
        ("[192.0.2.7]", "ehlo=[]"),
        ("[IPv6:2001:db8::1]", "ehlo=[]"),
        ("", ""),
    ],
)
def test_an_address_in_ehlo_says_nothing_of_the_device(name: str, expected: str) -> None:
    assert of_hello(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
            "mozilla (x11; linux x86_64; rv) gecko firefox",
        ),
        ("curl/8.5.0", "curl"),
        ("", ""),
    ],
)
def test_a_browser_that_is_brought_up_to_date_is_the_same(text: str, expected: str) -> None:
    assert of_user_agent(text) == expected
    assert of_user_agent(text.replace("146", "147")) == expected


@given(st.text(), st.lists(st.tuples(st.sampled_from(["name", "os", "vendor", "x"]), st.text())))
def test_whatever_is_said_is_short_and_one_line(text: str, fields: list[tuple[str, str]]) -> None:
    for said in (of_imap_id(fields), of_hello(text), of_user_agent(text)):
        assert len(said) <= PROGRAM_MAX
        assert said.isprintable()
