"""Codes that work once: to get in when all factors are lost, to set a password, to enrol a first factor.

A code has 125 random bits, so a keyed hash is enough to keep it by (NIST SP 800-63B-4 3.1.2.2 asks for a slow one below
112 bits). The hash names account and purpose: a code of one opens nothing of another.
"""

import hashlib
import hmac
from typing import Final

from skrytka.model.clock import Random
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.factor_rows import CodeKind
from skrytka.store.seal.keys import MAC_BYTES, derive

RECOVERY_CODES: Final = 10
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 that nobody mistakes for another
_LENGTH: Final = 25
_GROUP: Final = 5


def new_code(random: Random) -> Secret:
    """Five groups of five."""
    text = "".join(_LETTERS[byte & 31] for byte in random.token(_LENGTH))
    return Secret("-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP)))


def mac_of(key: Secret, account: AccountId, kind: CodeKind, code: Secret) -> bytes | None:
    """What is kept of a code; None for what is none. Case, spaces and dashes do not matter."""
    try:
        plain = "".join(code.reveal().decode("ascii").lower().replace("-", "").split())
    except UnicodeDecodeError:
        return None
    if len(plain) != _LENGTH or not set(plain) <= set(_LETTERS):
        return None
    text = account.to_bytes(8, "big") + kind.value.encode() + b"\0" + plain.encode()
    return hmac.digest(derive(key, "factors/code"), text, hashlib.sha256)[:MAC_BYTES]
