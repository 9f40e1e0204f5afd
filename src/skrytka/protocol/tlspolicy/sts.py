"""MTA-STS as a sender reads it (RFC 8461 3, 4.1): the TXT record, the policy, and which servers it names."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.tlspolicy.certificate import is_covered
from skrytka.protocol.tlspolicy.policy import HostPolicy, Level, PolicyType
from skrytka.protocol.tlspolicy.published import MAX_AGE_MAX_S, MODES

RECORD_PREFIX: Final = "_mta-sts."  # RFC 8461 3.1
POLICY_MAX_BYTES: Final = 64 * 1024  # RFC 8461 3.3
RECORD_MAX: Final = 1024
MX_MAX: Final = 1000
VERSION: Final = "STSv1"

_OURS: Final = re.compile(rb"v=STSv1[ \t]*;")
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_EXTENSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_MX: Final = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_AGE: Final = re.compile(r"[0-9]{1,10}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class StsPolicy(msgspec.Struct, frozen=True):
    """What a domain asks of whoever sends mail to it."""

    mode: str  # enforce, testing, none
    mx: tuple[str, ...]
    max_age_s: int

    def covers(self, host: str) -> bool:
        """RFC 8461 4.1."""
        return any(is_covered(host, pattern) for pattern in self.mx)

    @property
    def lines(self) -> tuple[str, ...]:
        """As reports show it (RFC 8460 4.4)."""
        named = tuple(f"mx: {pattern}" for pattern in self.mx)
        return (f"version: {VERSION}", f"mode: {self.mode}", *named, f"max_age: {self.max_age_s}")


def record_id(strings: Sequence[bytes]) -> str | None:
    """The id of the one record among these TXT records; None: the domain shows no policy (RFC 8461 3.1)."""
    ours = [string for string in strings if _OURS.match(string)]
    if len(ours) != 1 or len(ours[0]) > RECORD_MAX or not ours[0].isascii():
        return None
    fields = [field.strip(" \t") for field in ours[0].decode("ascii").split(";")][1:]
    if fields and not fields[-1]:
        fields.pop()  # a delimiter may end it
    found: str | None = None
    for field in fields:
        name, _, value = field.partition("=")
        if name == "id" and _ID.fullmatch(value):
            found = value if found is None else found
        elif name == "id" or not _EXTENSION.fullmatch(field):
            return None
    return found


def parse_policy(body: bytes) -> StsPolicy:
    """RemoteProtocolError says what is wrong. Of a key that comes twice the first counts, but of mx (RFC 8461 3.2).

    More lenient than its grammar in one thing: empty lines are passed over, for without a policy mail is less safe.
    """
    if len(body) > POLICY_MAX_BYTES:
        raise RemoteProtocolError(f"a policy of more than {POLICY_MAX_BYTES} octets")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise RemoteProtocolError("a policy that is no UTF-8") from exc
    fields: dict[str, str] = {}
    mx: dict[str, None] = {}
    for line in text.split("\n"):
        if content := line.removesuffix("\r").rstrip(" \t"):
            key, value = _field(content)
            if key == "mx":
                mx[_pattern(value)] = None
            else:
                fields.setdefault(key, value)
    return _policy(fields, tuple(mx))


def _field(line: str) -> tuple[str, str]:
    key, colon, value = line.partition(":")
    value = value.lstrip(" \t")
    if not colon or not _KEY.fullmatch(key) or not value or _CONTROL.search(value):
        raise RemoteProtocolError(f"no key and value: {line[:40]!a}")
    return key, value


def _pattern(value: str) -> str:
    if not _MX.fullmatch(value) or len(value) > 255:
        raise RemoteProtocolError(f"no pattern of servers: {value[:40]!a}")
    return value.lower()


def _policy(fields: dict[str, str], mx: tuple[str, ...]) -> StsPolicy:
    if fields.get("version") != VERSION:
        raise RemoteProtocolError(f"version is not {VERSION}")
    mode, age = fields.get("mode", ""), fields.get("max_age", "")
    if mode not in MODES:
        raise RemoteProtocolError("no mode: enforce, testing or none")
    if not _AGE.fullmatch(age):
        raise RemoteProtocolError("max_age is no number of seconds")
    if len(mx) > MX_MAX or (not mx and mode != "none"):
        raise RemoteProtocolError("it names no server" if not mx else "it names too many servers")
    return StsPolicy(mode, mx, min(int(age), MAX_AGE_MAX_S))


def host_policy(policy: StsPolicy | None, domain: str, host: str) -> HostPolicy:
    """What the policy of the recipients' domain asks of a connection to ``host`` (RFC 8461 5)."""
    if policy is None or policy.mode == "none":
        return HostPolicy()
    is_testing = policy.mode == "testing"
    found = HostPolicy(
        level=Level.PROVEN,
        kind=PolicyType.STS,
        domain=domain,
        strings=policy.lines,
        names=(host,),
        is_testing=is_testing,
    )
    if policy.covers(host):
        return found
    return msgspec.structs.replace(
        found,
        level=Level.OPPORTUNISTIC if is_testing else Level.FORBIDDEN,
        fault=f"MTA-STS: the policy of {domain} does not name {host}",
    )
