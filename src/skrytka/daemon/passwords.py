"""Passwords that Skrytka makes up."""

from skrytka.model.clock import Random

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 that nobody mistakes for another
_GROUPS = 4
_GROUP_LENGTH = 5


def random_password(random: Random) -> str:
    """Four groups of five: 100 bit."""
    text = "".join(_LETTERS[byte & 31] for byte in random.token(_GROUPS * _GROUP_LENGTH))
    return "-".join(text[start : start + _GROUP_LENGTH] for start in range(0, len(text), _GROUP_LENGTH))
