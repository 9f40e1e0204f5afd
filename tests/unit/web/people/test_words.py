import re

from skrytka.protocol.oauth.scopes import Scope
from skrytka.web.people.words import WORDS, say


def test_both_languages_say_the_same_things() -> None:
    english, polish = WORDS["en"], WORDS["pl"]
    assert set(english) == set(polish)
    for key in english:
        assert re.findall(r"{\w+}", english[key]) == re.findall(r"{\w+}", polish[key]), key
        assert english[key] != polish[key], key


def test_every_scope_has_its_words() -> None:
    for scope in Scope:
        assert say("pl", f"scope_{scope.value}")
    assert say("en", "consent_title", name="X") == "Let X in?"
