import pytest

from skrytka.mail.identity.policy import PasswordRefusedError, Problem
from skrytka.mail.identity.policy_words import WORDS, Language, explain


@pytest.mark.parametrize("language", WORDS)
def test_every_problem_has_a_sentence_in_every_language(language: Language) -> None:
    said = explain(PasswordRefusedError(tuple(Problem), 15), language)
    assert len(set(said)) == len(Problem)
    assert all(each.endswith(".") and "{" not in each for each in said)
    assert any("15" in each for each in said)


def test_problems_are_said_in_their_order() -> None:
    refused = PasswordRefusedError((Problem.TOO_SHORT, Problem.COMMON), 8)
    assert explain(refused, "pl") == (
        "Jest za krótkie: potrzeba co najmniej 8 znaków. Może to być kilka słów.",
        "To jedno z haseł, których każdy próbuje najpierw.",
    )
