"""What an account may do, and who acts for it: control and delegation."""

from typing import Annotated, Final

import msgspec

from skrytka.mail.admin.base import AdminPart
from skrytka.mail.identity.controls import Controls, checked, decode_controls, parse_sender
from skrytka.mail.identity.delegation import SENDING
from skrytka.mail.identity.permissions import Permission, demand
from skrytka.mail.identity.types import RIGHTS
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import AccountControlled, DelegationChanged
from skrytka.store.commands.controls import AddDelegation, RemoveDelegation, SetControl
from skrytka.store.rows import DelegationKind
from skrytka.store.sql import controls as sql

Limit = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None
FREE: Final = Controls()


class ControlInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Control of an account; as it is without one in every field that is left out."""

    services: tuple[str, ...] | None = None  # where the account may log in at all; null: everywhere
    networks: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()  # "mon-fri 08:00-18:00"
    zone: str = "UTC"  # of the hours
    applies_to: tuple[str, ...] = ("smtp",)  # to which services networks and hours apply
    senders: tuple[str, ...] = ()  # as which addresses it sends; empty: its own
    messages_per_hour: Limit = None  # null: as settings have it; 0: no limit
    recipients_per_hour: Limit = None
    recipients_per_day: Limit = None


class DelegationInfo(msgspec.Struct, frozen=True, kw_only=True):
    """``delegate`` acts for ``address``, or uses a mailbox of his."""

    address: str
    delegate: str
    kind: str
    created_at_ms: int
    mailbox: str = ""  # by its name; "*": all
    rights: str = ""  # on it, of RFC 4314 2.1


class Access(AdminPart):
    """Part of Admin."""

    async def control(self, address: str) -> ControlInfo:
        """That of an account; without one, what holds then."""
        row = await self._account(address)
        raw = await self._deps.store.read(sql.control(row.account))
        return _info(decode_controls(raw) if raw is not None else FREE)

    async def set_control(self, address: str, wanted: ControlInfo, actor: Actor) -> ControlInfo:
        """Another control; one that says nothing takes it away.

        Senders have to be of domains where the actor may say so: else an administrator of one domain would let
        somebody write as another.
        """
        row = await self._account(address)
        controls = checked(Controls(**msgspec.structs.asdict(wanted)), RIGHTS)
        for domain in {parse_sender(sender).name for sender in controls.senders}:
            demand(actor, Permission.ACCESS_WRITE, domain)
            await self._hosted(domain)
        before = await self._deps.store.read(sql.control(row.account))
        raw = None if controls == FREE else controls.encode()
        await self._deps.store.submit(SetControl(unit=self._unit(), account=row.account, control=raw))
        self._deps.events.emit(
            AccountControlled(
                actor=actor.name,
                object=row.address,
                before=_told(decode_controls(before) if before is not None else FREE),
                after=_told(controls),
            )
        )
        return _info(controls)

    async def delegate(self, address: str, delegate: str, kind: str, actor: str) -> DelegationInfo:
        """Let ``delegate`` write as, or on behalf of, the account."""
        owner, other, sending = await self._account(address), await self._account(delegate), _sending(kind)
        command = AddDelegation(unit=self._unit(), account=owner.account, delegate=other.account, kind=sending)
        await self._deps.store.submit(command)
        return self._told(owner.address, other.address, sending, actor, is_given=True)

    async def undelegate(self, address: str, delegate: str, kind: str, actor: str) -> DelegationInfo:
        """From the next message on."""
        owner, other, sending = await self._account(address), await self._account(delegate), _sending(kind)
        command = RemoveDelegation(unit=self._unit(), account=owner.account, delegate=other.account, kind=sending)
        await self._deps.store.submit(command)
        return self._told(owner.address, other.address, sending, actor, is_given=False)

    def _told(self, owner: str, other: str, kind: DelegationKind, actor: str, *, is_given: bool) -> DelegationInfo:
        self._deps.events.emit(
            DelegationChanged(actor=actor, object=owner, delegate=other, right=kind.value, is_given=is_given)
        )
        return DelegationInfo(
            address=owner, delegate=other, kind=kind.value, created_at_ms=self._deps.clock.now_ms() if is_given else 0
        )


def _info(controls: Controls) -> ControlInfo:
    return ControlInfo(**msgspec.structs.asdict(controls))


def _told(controls: Controls) -> tuple[str, ...]:
    """What is not as without a control."""
    free, own = msgspec.structs.asdict(FREE), msgspec.structs.asdict(controls)
    return tuple(
        f"{name}={' '.join(value) if isinstance(value, tuple) else value}"
        for name, value in own.items()
        if value != free[name]
    )


def _sending(kind: str) -> DelegationKind:
    known = {each.value: each for each in SENDING}
    if kind not in known:
        raise PermanentError(Reason.BAD_SYNTAX, f"{kind!r}: what can be delegated is {' or '.join(known)}")
    return known[kind]
