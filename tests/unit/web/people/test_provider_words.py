import re

from skrytka.web.people.provider_words import WORDS, say


def test_both_languages_say_the_same_with_the_same_values() -> None:
    assert set(WORDS["en"]) == set(WORDS["pl"])
    for key, text in WORDS["en"].items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", WORDS["pl"][key])), key


def test_values_stand_in_the_sentence() -> None:
    assert say("pl", "with", title="Corp") == "Zaloguj przez Corp"
