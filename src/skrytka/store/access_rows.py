"""Rows of roles, web sessions, keys of programs, machines, repeated changes and approvals."""

from enum import StrEnum
from typing import NamedTuple

from skrytka.model.ids import AccountId


class ApprovalState(StrEnum):
    """Where an approval stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


class HandKind(StrEnum):
    """What somebody has done to an account of somebody else."""

    MADE = "made"
    ROLE = "role"
    PASSWORD = "password"  # noqa: S105 - set it, or made a code to set one
    FACTORS = "factors"
    PROGRAM = "program"  # made an app password, or let a certificate in


class HandRow(NamedTuple):
    """Somebody has had a hand in an account; ``at_ms`` is the last time."""

    account: AccountId
    kind: HandKind
    actor: AccountId
    at_ms: int


class GrantRow(NamedTuple):
    """A role of an account; ``domain`` is "" for everywhere."""

    account: AccountId
    address: str
    role: str
    domain: str
    given_at_ms: int


class SessionRow(NamedTuple):
    """A session of the web; ``session`` is the keyed hash of its secret."""

    account: AccountId
    session: bytes
    record: bytes
    created_at_ms: int
    seen_at_ms: int
    proved_at_ms: int


class ApiKeyRow(NamedTuple):
    """A key of a program; ``account`` answers for it."""

    account: AccountId
    api_key: bytes
    mac: bytes
    record: bytes
    created_at_ms: int
    expires_at_ms: int
    used_at_ms: int


class MachineRow(NamedTuple):
    """A machine that has certificates of our own, or is invited (``enrolled_at_ms`` 0)."""

    account: AccountId  # 0: of a server
    machine: bytes
    purpose: str
    record: bytes
    token: bytes
    token_until_ms: int
    enrolled_at_ms: int
    renewed_at_ms: int
    expires_at_ms: int


class RepeatRow(NamedTuple):
    """A change that was sent with an Idempotency-Key; an empty record is one that is being worked on."""

    digest: bytes
    record: bytes


class ApprovalRow(NamedTuple):
    """What somebody may do only if a second person agrees."""

    approval: bytes
    account: AccountId  # who asked
    digest: bytes
    state: ApprovalState
    record: bytes
    asked_at_ms: int
    expires_at_ms: int
    decided_by: AccountId | None
    decided_at_ms: int | None
