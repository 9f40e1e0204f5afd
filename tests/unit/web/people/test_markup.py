import pytest

from skrytka.web.people.markup import (
    button,
    checkbox,
    escape,
    field,
    form,
    heading,
    hidden,
    language_of,
    link,
    page,
    paragraph,
    secret,
    select,
    table,
    when,
)

HOSTILE = "<script>\"'&"


def test_nothing_from_outside_becomes_markup() -> None:
    assert escape(HOSTILE) == "&lt;script&gt;&quot;&#39;&amp;"
    for made in (
        paragraph(HOSTILE),
        paragraph(HOSTILE, HOSTILE),
        hidden(HOSTILE, HOSTILE),
        field(HOSTILE, "name", value=HOSTILE),
        button(HOSTILE, HOSTILE, HOSTILE),
        form(HOSTILE),
        checkbox(HOSTILE, HOSTILE),
        select(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)]),
        heading(HOSTILE),
        link(HOSTILE, HOSTILE),
        secret(HOSTILE),
        table([HOSTILE], [[escape(HOSTILE)]]),
        page("en", HOSTILE, []).body.decode(),
    ):
        assert "<script" not in made
        assert HOSTILE not in made


def test_a_page_has_no_script_and_says_where_its_form_may_lead() -> None:
    answer = page("pl", "Tytuł", [paragraph("ż")], status=403, form_action="'self' https://a.example")
    fields = dict(answer.fields)
    assert answer.status == 403
    assert fields["Content-Language"] == "pl"
    assert "form-action 'self' https://a.example;" in fields["Content-Security-Policy"]
    assert "default-src 'none'" in fields["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in fields["Content-Security-Policy"]
    assert "Tytuł" in answer.body.decode()


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("", "en"), ("pl", "pl"), ("pl-PL,en;q=0.5", "pl"), ("de, PL;q=0.9, en", "pl"), ("en-GB,pl", "en"), ("de", "en")],
)
def test_the_first_language_that_there_is(accepted: str, expected: str) -> None:
    assert language_of(accepted) == expected


def test_a_table_says_what_a_cell_is_where_it_is_no_table() -> None:
    made = table(["Name", ""], [["<b>a</b>", "c"]])
    assert '<td data-name="Name"><b>a</b></td><td>c</td>' in made
    with pytest.raises(ValueError, match="zip"):
        table(["Name"], [["a", "b"]])


def test_a_field_may_be_left_empty_where_that_is_said() -> None:
    assert " required" in field("Name", "name")
    assert " required" not in field("Name", "name", is_needed=False)


def test_a_time_says_of_which_clock_it_is() -> None:
    assert when(1_800_000_000_000) == "2027-01-15 08:00 UTC"
