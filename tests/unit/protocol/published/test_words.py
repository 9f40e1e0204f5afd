import string

import pytest

from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.words import LANGUAGES, POLISH, Language, said_of

FIELDS = {"name", "wanted", "detail"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: Language) -> None:
    words = LANGUAGES[language]
    assert set(words.problems) == set(Problem)
    assert set(words.states) == set(State)
    for said in words.problems.values():
        for text in (said.what, said.do):
            assert text
            assert {field for _, field, _, _ in string.Formatter().parse(text) if field is not None} <= FIELDS


def test_languages_differ() -> None:
    english, polish = LANGUAGES["en"], LANGUAGES["pl"]
    assert not [problem for problem in Problem if english.problems[problem].what == polish.problems[problem].what]


def test_the_words_name_what_is_wanted() -> None:
    said = said_of(Problem.MX_ELSEWHERE, POLISH, name="example.org", wanted="MX 10 mail.example.org.", detail="")
    assert said.what == "poczta idzie do innych serwerów"
    assert said.do.startswith("opublikuj MX 10 mail.example.org.;")


def test_what_a_stranger_published_is_no_template() -> None:
    said = said_of(Problem.SPF_BROKEN, LANGUAGES["en"], name="n", wanted="w", detail="{name} {nonsense}")
    assert said.what == "the policy cannot be evaluated ({name} {nonsense})"
