"""What the administrator is shown; also what the control socket carries."""

from typing import Final

import msgspec

STRING_MAX: Final = 255  # octets of one string of a TXT record (RFC 1035 3.3)


def txt_line(name: str, text: str) -> str:
    """A TXT record as a zone file has it; the text has no quotes and no backslash."""
    strings = [text[start : start + STRING_MAX] for start in range(0, len(text), STRING_MAX)]
    quoted = " ".join(f'"{string}"' for string in strings)
    return f"{name}.  TXT  ( {quoted} )" if len(strings) > 1 else f"{name}.  TXT  {quoted}"


class DomainInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A domain mail is taken for."""

    name: str
    created_at_ms: int
    dns_faults: int | None = None  # records that are missing or wrong; None: nobody has looked yet
    dns_looked_at_ms: int | None = None
    language: str = ""  # in which owners of its accounts are written to; "": the server's


class RecordInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A DNS record that a domain needs, and what is there; ``protocol.published.words`` has words for the problem."""

    kind: str
    name: str
    type: str
    value: str  # as a zone file has it; "" where there is none to be written
    state: str  # right, warning, missing, wrong, unknown
    problem: str = ""
    found: tuple[str, ...] = ()
    detail: str = ""
    is_optional: bool = False
    is_fault: bool = False  # something has to be done


class DnsInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A domain in DNS."""

    domain: str
    zone_file: str
    records: tuple[RecordInfo, ...] = ()


class ZonePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be done to one zone, as lines of a zone file."""

    zone: str
    server: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()  # each was put there by us
    left: tuple[str, ...] = ()  # wanted, and somebody else's record is in the way


class DnsPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be published for a domain."""

    domain: str
    zones: tuple[ZonePlan, ...] = ()
    elsewhere: tuple[str, ...] = ()  # missing or wrong in a zone that the settings do not name


class DnsPublication(msgspec.Struct, frozen=True, kw_only=True):
    """It is done; ``undo`` takes it back, as lines for nsupdate."""

    domain: str
    undo: tuple[str, ...] = ()


class AccountInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An account without anything of its mail."""

    account: int
    address: str
    status: str  # active, suspended
    quota_bytes: int  # 0: no limit
    used_bytes: int
    messages: int
    created_at_ms: int
    services: tuple[str, ...] = ()  # where its password may be used; empty: everywhere
    is_admin: bool = False
    must_change: str = ""  # its password: "given" by an administrator, "compromised"
    language: str = ""  # in which its owner is written to; "": as its domain says, else the server


class CodeMade(msgspec.Struct, frozen=True, kw_only=True):
    """A code that works once, shown this once, for the owner of the account."""

    address: str
    code: str
    expires_at_ms: int

    def __repr__(self) -> str:
        return f"CodeMade({self.address})"


class RuleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Who has to have a second factor, or needs none until a day."""

    scope: str  # role, domain, account
    subject: str
    is_required: bool
    grace_days: int
    until_at_ms: int | None  # of an exception
    created_at_ms: int


class AliasInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An alias, a group (several targets) or a catch-all (``@domain``)."""

    address: str
    kind: str
    targets: tuple[str, ...]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What is gone, and which aliases lead to it still."""

    address: str
    dangling_aliases: tuple[str, ...] = ()
