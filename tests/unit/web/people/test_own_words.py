import string

import pytest

from skrytka.web.people.markup import Language
from skrytka.web.people.own_words import WORDS, known, say


@pytest.mark.parametrize("language", WORDS)
def test_every_sentence_is_there_in_every_language_with_the_same_places(language: Language) -> None:
    def places(text: str) -> set[str]:
        return {name for _text, name, _form, _conversion in string.Formatter().parse(text) if name}

    assert set(WORDS[language]) == set(WORDS["en"])
    for key, text in WORDS[language].items():
        assert places(text) == places(WORDS["en"][key]), key
    assert "30" in say(language, "days", days="30")


def test_a_word_without_a_sentence_says_itself() -> None:
    assert known("pl", "outcome", "in") == "wpuszczono"
    assert known("pl", "outcome", "something") == "something"
