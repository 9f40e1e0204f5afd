"""Who asks for something, and what he was given: the one thing that decisions about rights are made from."""

from enum import StrEnum
from typing import Final

import msgspec

from skrytka.model.ids import AccountId


class AccessRole(StrEnum):
    """What somebody is here for; ``mail.identity.permissions`` says what each may do."""

    SYSTEM_ADMIN = "system_admin"
    DOMAIN_ADMIN = "domain_admin"
    SECURITY_OFFICER = "security_officer"
    HELP_DESK = "help_desk"
    AUDITOR = "auditor"
    USER = "user"
    SERVICE = "service"  # a program: it may do what its key names, and nothing by itself


class Grant(msgspec.Struct, frozen=True):
    """A role, in one domain or (None) everywhere."""

    role: AccessRole
    domain: str | None = None  # A-label form


class Actor(msgspec.Struct, frozen=True):
    """Somebody whose identity is proven. Events keep ``name``."""

    name: str
    account: AccountId | None = None  # None: no account of this server, but local root or a program
    grants: tuple[Grant, ...] = ()
    stepped_up_at_ms: int | None = None  # when he last proved who he is, with a factor
    limited_to: frozenset[str] | None = None  # of an API key: no permission but these
    is_local: bool = False  # the kernel said who he is; he has the machine already


LOCAL_ROOT: Final = Actor("local root", grants=(Grant(AccessRole.SYSTEM_ADMIN),), is_local=True)


def local_actor(name: str) -> Actor:
    """Somebody on this machine who may do all that root may: the user that the server runs as."""
    return msgspec.structs.replace(LOCAL_ROOT, name=name)
