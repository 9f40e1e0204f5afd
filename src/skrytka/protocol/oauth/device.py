"""Programs without a browser (RFC 8628): a short code that a person types elsewhere."""

from collections.abc import Sequence
from typing import Final

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 6.1: no vowels, so no words; nothing that looks like a digit
USER_CODE_LENGTH: Final = 8  # 20 ** 8: 34.5 bit, for a few minutes and with few tries (RFC 8628 5.1)
_LIMIT: Final = 256 - 256 % len(ALPHABET)  # an octet from here on would make some letters likelier


def user_code(octets: Sequence[int]) -> str | None:
    """``WDJB-MJHT`` of random octets; None when too few of them are of use: take others."""
    letters = [ALPHABET[octet % len(ALPHABET)] for octet in octets if octet < _LIMIT][:USER_CODE_LENGTH]
    if len(letters) < USER_CODE_LENGTH:
        return None
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def typed_code(text: str) -> str | None:
    """What a person typed, as :func:`user_code` writes it; None when it cannot be one (RFC 8628 6.1: be forgiving)."""
    letters = "".join(char for char in text.upper() if char not in " -\t")
    if len(letters) != USER_CODE_LENGTH or any(letter not in ALPHABET for letter in letters):
        return None
    return f"{letters[:4]}-{letters[4:]}"
