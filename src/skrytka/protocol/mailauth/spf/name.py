"""Names as they go into a look-up. Of what DNS cannot hold, and of a single label ("unknown"), nothing is asked."""

import re
from typing import Final

NAME_MAX = 253  # RFC 7208 7.3, RFC 1035 2.3.4
TOP_LABEL: Final = r"(?:[0-9]*[A-Za-z][0-9A-Za-z]*|[0-9A-Za-z]+-[0-9A-Za-z-]*[0-9A-Za-z])"  # RFC 7208 7.1
# Any printable ASCII can stand in a label (RFC 2181 11); a backslash would begin an escape in a resolver's text form.
_LABEL: Final = r"[\x20-\x2d\x2f-\x5b\x5d-\x7e]{1,63}"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+\Z")
_TOP_LABEL_END: Final = re.compile(rf"\.{TOP_LABEL}\Z")


def query_name(expanded: str) -> str | None:
    """The name to ask for: what is too long loses labels on its left (RFC 7208 7.3); None if it is no name (4.8)."""
    name = expanded.removesuffix(".").lower()
    if len(name) > NAME_MAX:
        name = name[name.find(".", len(name) - NAME_MAX - 1) + 1 :]
    return name if _is_name(name) else None


def policy_domain(text: str) -> str | None:
    """The <domain> of check_host() (RFC 7208 4.3), in lower case; None if it is malformed or an IP address."""
    name = text.removesuffix(".").lower()
    return name if _is_name(name) and _TOP_LABEL_END.search(name) else None


def is_at_or_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)


def _is_name(name: str) -> bool:
    return len(name) <= NAME_MAX and _NAME.match(name) is not None
