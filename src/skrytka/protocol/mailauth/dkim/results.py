"""What became of a signature: a result of RFC 8601 2.7.1 and one reason of a closed list."""

from enum import StrEnum
from typing import Final

import msgspec


class Result(StrEnum):
    """RFC 8601 2.7.1."""

    NONE = "none"  # of a message: no signature at all
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    POLICY = "policy"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DkimReason(StrEnum):
    VERIFIED = "verified"
    SYNTAX = "syntax"
    TOO_LONG = "too_long"  # beyond our bounds on lengths and counts
    MISSING_TAG = "missing_tag"
    VERSION = "version"
    ALGORITHM = "algorithm"  # one we do not know
    CANONICALIZATION = "canonicalization"
    QUERY_METHOD = "query_method"
    FROM_NOT_SIGNED = "from_not_signed"
    DOMAIN_MISMATCH = "domain_mismatch"  # i= is outside d=, or not equal to it where the key demands that
    SHA1 = "sha1"
    EXPIRED = "expired"
    IN_FUTURE = "in_future"
    TOO_MANY = "too_many"  # all signatures behind the tenth
    NOT_CHECKED = "not_checked"  # for a fault of ours
    KEY_UNAVAILABLE = "key_unavailable"
    NO_KEY = "no_key"
    KEY_SYNTAX = "key_syntax"
    KEY_REVOKED = "key_revoked"
    KEY_SERVICE = "key_service"
    KEY_HASH = "key_hash"
    KEY_TYPE = "key_type"
    KEY_SIZE = "key_size"
    BODY_CHANGED = "body_changed"
    BODY_CUT = "body_cut"  # shorter than l=
    PARTIAL_BODY = "partial_body"  # whole and signed as far as l= goes, and there is more
    HEADER_CHANGED = "header_changed"  # or the signature is another's


RESULTS: Final = {
    DkimReason.VERIFIED: Result.PASS,
    DkimReason.BODY_CHANGED: Result.FAIL,
    DkimReason.BODY_CUT: Result.FAIL,
    DkimReason.HEADER_CHANGED: Result.FAIL,
    # neutral: "contained syntax errors or were not otherwise able to be processed"
    DkimReason.SYNTAX: Result.NEUTRAL,
    DkimReason.TOO_LONG: Result.NEUTRAL,
    DkimReason.VERSION: Result.NEUTRAL,
    DkimReason.ALGORITHM: Result.NEUTRAL,
    DkimReason.CANONICALIZATION: Result.NEUTRAL,
    DkimReason.QUERY_METHOD: Result.NEUTRAL,
    # permerror: "unrecoverable, such as a required header field being absent"
    DkimReason.MISSING_TAG: Result.PERMERROR,
    DkimReason.FROM_NOT_SIGNED: Result.PERMERROR,
    DkimReason.DOMAIN_MISMATCH: Result.PERMERROR,
    DkimReason.NO_KEY: Result.PERMERROR,
    DkimReason.KEY_SYNTAX: Result.PERMERROR,
    DkimReason.KEY_REVOKED: Result.PERMERROR,
    DkimReason.KEY_SERVICE: Result.PERMERROR,
    DkimReason.KEY_HASH: Result.PERMERROR,
    DkimReason.KEY_TYPE: Result.PERMERROR,
    DkimReason.NOT_CHECKED: Result.TEMPERROR,
    DkimReason.KEY_UNAVAILABLE: Result.TEMPERROR,
    # policy: "some aspect of the signature was not acceptable"; RFC 8301 3.1 and 3.2 for the first and the second
    DkimReason.SHA1: Result.POLICY,
    DkimReason.KEY_SIZE: Result.POLICY,
    DkimReason.EXPIRED: Result.POLICY,
    DkimReason.IN_FUTURE: Result.POLICY,
    DkimReason.PARTIAL_BODY: Result.POLICY,
    DkimReason.TOO_MANY: Result.POLICY,
}


class DkimError(ValueError):
    """A tag list, a signature or a key record that cannot be used; the text is the reason, never the input."""

    def __init__(self, reason: DkimReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class SignatureResult(msgspec.Struct, frozen=True):
    """One signature; names are A-labels in lower case, "" where they could not be read.

    A pass says something of ``domain`` and of the fields that were signed, nothing else: who heeds From looks at
    ``signed_from`` and ``is_every_from_signed`` (RFC 6376 8.15).
    """

    result: Result
    reason: DkimReason
    domain: str = ""  # d=
    selector: str = ""  # s=
    identity: str = ""  # i=, decoded: printable, with whatever quotes and spaces its local part has
    algorithm: str = ""  # a=
    key_bits: int = 0
    is_testing: bool = False  # t=y: the domain asks to be treated as if it had not signed (RFC 6376 3.6.1)
    signed_from: tuple[bytes, ...] = ()  # whole From fields that the signature covers, the last of the header first
    is_every_from_signed: bool = False
    unsigned_octets: int = 0  # of the body, beyond l=
    signed_at_s: int | None = None  # t=
    expires_at_s: int | None = None  # x=
