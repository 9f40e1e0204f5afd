"""How urgent a message is: what MAIL said, or its MT-Priority field, as far as its sender may (RFC 6710 4.1; RFC 6758).

The field is believed of people here only, and taken out of their mail: it would travel on beside what was granted.
"""

import re
from typing import Final

import msgspec

from skrytka.mail.delivery.incoming import HeaderScan, skip_cfws
from skrytka.mail.delivery.types import Transaction

FIELD: Final = b"mt-priority"
_VALUE: Final = re.compile(rb"0|-?[1-9]")


def prioritized(facts: Transaction, scan: HeaderScan) -> Transaction:
    """With the priority that counts; None where nobody has said one."""
    if facts.priority is not None or not facts.is_submission:
        return facts
    said = field_priority(scan)
    return facts if said is None else msgspec.structs.replace(facts, priority=min(said, facts.priority_max))


def field_priority(scan: HeaderScan) -> int | None:
    """Of the single MT-Priority field that was taken out (RFC 6758 3.1, 4a)."""
    fields = [field for name, field in scan.hidden if name == FIELD]
    if len(fields) != 1:
        return None
    value = fields[0].partition(b":")[2]
    match = _VALUE.match(value, skip_cfws(value))
    if match is None or skip_cfws(value + b".", match.end()) != len(value):  # a comment left open hides the dot
        return None
    return int(match[0])
