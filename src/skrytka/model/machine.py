"""What a certificate of our own authority is for, and whose it is: one URI among its subject alternative names.

``skrytka:PURPOSE:ACCOUNT:ID``; whoever reads a certificate asks for its purpose, so that none opens what it is not for.
"""

import re
from enum import StrEnum
from typing import Final, Self

import msgspec

from skrytka.model.ids import AccountId, id_text, parse_id

SCHEME: Final = "skrytka:"
SERVERS: Final = AccountId(0)  # answers for nodes and standbys: no person's leaving ends them
_URI = re.compile(r"skrytka:([a-z]{1,16}):(0|[1-9][0-9]{0,18}):([0-9A-HJKMNP-TV-Z]{26})")


class Purpose(StrEnum):
    """What a machine may connect for."""

    REMOTE = "remote"  # the command line of an administrator
    NODE = "node"  # the inner channel, both ends
    STANDBY = "standby"  # the same; it follows and serves nobody


class Machine(msgspec.Struct, frozen=True):
    """One machine that has, or may have, certificates; all that it was ever given end with it."""

    purpose: Purpose
    account: AccountId
    machine: bytes  # 16

    @property
    def uri(self) -> str:
        """As it stands in a certificate."""
        return f"{SCHEME}{self.purpose.value}:{self.account}:{id_text(self.machine)}"

    @classmethod
    def parse(cls, uri: str) -> Self:
        """ValueError for all that :attr:`uri` did not make."""
        found = _URI.fullmatch(uri)
        if found is None or int(found[2]) >= 2**62:
            raise ValueError("no name of a machine")
        return cls(Purpose(found[1]), AccountId(int(found[2])), parse_id(found[3]))
