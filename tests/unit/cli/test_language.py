import pytest

from skrytka.cli.language import language_of, stored_language


@pytest.mark.parametrize(
    ("chosen", "environment", "language"),
    [
        (None, {}, "en"),
        (None, {"LANG": "pl_PL.UTF-8"}, "pl"),
        (None, {"LANG": "pl"}, "pl"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {"LANG": "plain"}, "en"),
        (None, {"LANG": "pl_PL.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LANG": "pl_PL"}, "pl"),
        (None, {"SKRYTKA_LANGUAGE": "pl", "LC_ALL": "C"}, "pl"),
        ("en", {"SKRYTKA_LANGUAGE": "pl"}, "en"),
        ("pl", {}, "pl"),
    ],
)
def test_what_is_chosen_comes_before_the_terminal(
    chosen: str | None, environment: dict[str, str], language: str
) -> None:
    assert language_of(chosen, environment) == language


def test_what_is_stored_may_be_nothing() -> None:
    assert [stored_language(tag) for tag in ("en", "pl", "default")] == ["en", "pl", None]
