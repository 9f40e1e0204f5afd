"""In which language a command explains: ``--language``, else SKRYTKA_LANGUAGE, else that of the terminal (LANG)."""

import os
from collections.abc import Callable, Mapping
from typing import Literal, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")
Language = Literal["en", "pl"]
STORED_LANGUAGE = click.Choice(["en", "pl", "default"])  # of an account or a domain
_VARIABLES = ("SKRYTKA_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language_option(function: Callable[P, R]) -> Callable[P, R]:
    """Adds ``--language``; its value is ``language``, None where it is not given."""
    return click.option(
        "--language",
        type=click.Choice(["en", "pl"]),
        help="Of explanations; else SKRYTKA_LANGUAGE, else that of the terminal.",
    )(function)


def language_of(chosen: str | None, environment: Mapping[str, str] = os.environ) -> Language:
    """The first of the variables that says anything decides (environ(7)); English is what all else is."""
    text = chosen or next((found for name in _VARIABLES if (found := environment.get(name))), "")
    return "pl" if text.lower().partition("_")[0].partition(".")[0] == "pl" else "en"


def stored_language(tag: str) -> str | None:
    """What ``STORED_LANGUAGE`` means: None for what holds without one."""
    return None if tag == "default" else tag
