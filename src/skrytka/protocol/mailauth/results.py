"""The Authentication-Results field (RFC 8601): what checks found, for whoever reads the message later.

Values come from strangers; whatever is no token is quoted, and what has no place in a header field is not shown.
Domains are A-labels, so the field is ASCII also in a message that is not (RFC 8616 5 would allow both).
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

FIELD_NAME: Final = "Authentication-Results"
VALUE_MAX: Final = 320  # characters of a value: an address is no longer
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+\Z")  # RFC 2045 5.1
_ADDRESS: Final = re.compile(r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]*@)?[A-Za-z0-9_.-]+\Z")  # RFC 8601 2.2: pvalue
_UNFIT: Final = re.compile(r"[^\x20-\x7e]")


class Found(msgspec.Struct, frozen=True):
    """One method and its result; ``properties`` as ("header.d", "example.org"), in the order of the registry."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()
    reason: str = ""


def results_field(authserv_id: str, found: Sequence[Found]) -> str:
    """The whole field with CRLF, a method a line; "none" when nothing was checked (RFC 8601 2.2)."""
    lines = [f"{FIELD_NAME}: {authserv_id}", *(_method(each) for each in found)]
    if not found:
        lines.append("none")
    return ";\r\n\t".join(lines) + "\r\n"


def _method(found: Found) -> str:
    words = [f"{found.method}={found.result}"]
    if found.reason:
        words.append(f"reason={_quoted(found.reason)}")
    words += [f"{name}={_value(value)}" for name, value in found.properties if value]
    return " ".join(words)


def _value(value: str) -> str:
    value = _UNFIT.sub("?", value)[:VALUE_MAX]
    return value if _TOKEN.match(value) or _ADDRESS.match(value) else _quoted(value)


def _quoted(text: str) -> str:
    clean = _UNFIT.sub("?", text)[:VALUE_MAX].replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clean}"'
