"""analysis/html.py."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.analysis.html import html_text, meta_charset


def words(source: str) -> str:
    return " ".join(html_text(source).split())


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("<p>a</p><p>b</p>", "a b"),
        ("a<br>b<br/>c", "a b c"),
        ("<td>a<td>b", "a b"),
        ("caf<i>&eacute;</i>s", "cafés"),
        ("<B>bo</B>ld", "bold"),
        ("<bx>bo</bx>ld", "bo ld"),  # no inline tag that is known
        ("&#322;&#x142;&amp;&lt;p&gt;&nbsp;x", "łł&<p> x"),
        ("a < b > c", "a < b > c"),
        ("1<2", "1<2"),
        ("a<!-- no -->b", "a b"),
        ("a<!-->b", "a b"),
        ("a<!-- never closed", "a"),
        ("<script>var x = '<p>';</script>a", "a"),
        ("<STYLE type=x>p{}</style >a", "a"),
        ("<title>T</title>a", "a"),
        ("<script>never closed", ""),
        ("<scripts>a</scripts>", "a"),
        ("<a title='>'>x</a>", "x"),
        ('<img alt="a > b">x', "x"),
        ("<a href=x", ""),
        ("<!DOCTYPE html><?xml version='1.0'?>x", "x"),
        ("<![if !mso]>x<![endif]>", "x"),
        ("</>x", "x"),
        ("", ""),
    ],
)
def test_what_a_reader_sees_is_left(source: str, text: str) -> None:
    assert words(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "<a " * 200_000,
        '<a "' * 150_001,
        "<i '" * 150_001,
        "<!--" * 200_000,
        "<script>" * 100_000,
        "<script" * 100_000,
        "</script>" * 100_000,
        "<div>" * 150_000,
        "<" * 500_000,
        "&" * 500_000,
        "&#x" * 200_000,
        "&ampaaaa" * 50_000,
        "<i" * 300_000,
        "<!" * 300_000,
    ],
)
def test_hostile_html_takes_linear_time(source: str) -> None:
    began = time.process_time()
    html_text(source)
    assert time.process_time() - began < 3.0


@given(st.text(alphabet="<>/!-=\"'&;#xX1 abscriptylem\n", max_size=200))
def test_any_text_has_a_reading_no_longer_than_itself(source: str) -> None:
    assert len(html_text(source)) <= len(source)


@pytest.mark.parametrize(
    ("raw", "charset"),
    [
        (b'<html><head><meta charset="iso-8859-2">', "iso-8859-2"),
        (b"<META http-equiv=Content-Type content='text/html; charset=windows-1250'>", "windows-1250"),
        (b"<p>charset=utf-8", ""),
        (b" " * 5000 + b"<meta charset=x>", ""),
        (b"<meta " * 1000, ""),
    ],
)
def test_a_document_may_name_its_charset(raw: bytes, charset: str) -> None:
    assert meta_charset(raw) == charset


def test_a_character_s_number_may_have_any_length() -> None:
    """int() refuses more than 4300 digits: the exception ended two inspectors."""
    assert html_text("a&#" + "9" * 5000 + ";b&#65;") == "a\N{REPLACEMENT CHARACTER}bA"
