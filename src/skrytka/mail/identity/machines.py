"""Machines that are known by short-lived certificates of our own authority (mutual TLS; NIST SP 800-207 3.1).

Somebody who may invites one: a token that is good once and for minutes, kept as a keyed hash. The machine makes its
key, shows the token and a request, and gets a certificate for hours or days; while that holds it gets the next one by
it alone. Who is put out, or whose account is locked, suspended or removed, gets none, and those it has count no more.
"""

import asyncio
import hmac
import re
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from skrytka.mail.identity.access_deps import AccessDeps, AccessPart, mac, open_record, seal
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import Emitter, MachineChanged
from skrytka.model.ids import AccountId, id_text, parse_id
from skrytka.model.machine import SERVERS, Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.net.authority import NODE_SUBJECT, Authority
from skrytka.net.machines import read_request
from skrytka.store.access_rows import MachineRow
from skrytka.store.commands.machines import EnrolMachine, InviteMachine, RenewMachine, RevokeMachine
from skrytka.store.rows import AccountStatus
from skrytka.store.sql import directory
from skrytka.store.sql import machines as sql

MINUTES: Final = 15
MINUTES_MAX: Final = 60
NAME_MAX: Final = 64
SLICE: Final = 20  # rows of a list between two turns of the loop
SECRET_BYTES: Final = 32
PREFIX: Final = "skrytka-machine_"  # so that who finds one knows what it is
SELF: Final = "machine"  # who renews, in events
_TOKEN = re.compile(PREFIX + r"(0|[1-9][0-9]{0,18})_([0-9A-HJKMNP-TV-Z]{26})_([0-9a-f]{64})")
_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_LABEL: Final = b"machine"
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


class Label(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a machine."""

    name: str
    invited_by: str


class MachineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as administrators see it; 0 is never."""

    id: str
    address: str  # whose it is; "" of a server
    name: str
    purpose: str
    invited_by: str
    enrolled_at_ms: int
    renewed_at_ms: int
    expires_at_ms: int  # of its last certificate, or of the invitation


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once."""

    machine: MachineInfo
    token: str

    def __repr__(self) -> str:
        return f"Invitation({self.machine.id})"


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """PEM of a certificate and of the authority that gave it."""

    id: str
    certificate: str
    authority: str
    expires_at_ms: int


class Machines(AccessPart):
    """Of all accounts, and of servers."""

    def __init__(self, deps: AccessDeps, events: Emitter) -> None:
        super().__init__(deps)
        self._events = events
        self._invited_until_ms = 0
        self.has_any = True  # or may have, until :meth:`look`: nobody need be asked for a certificate before

    @property
    def is_inviting(self) -> bool:
        """Whether somebody without a certificate may have to be let as far as his token."""
        return self._deps.clock.now_ms() < self._invited_until_ms

    async def look(self) -> None:
        """Find out what the two above are, at the start of the process."""
        until_ms, count = await self._deps.store.read(sql.invited_until())
        self._invited_until_ms, self.has_any = max(self._invited_until_ms, until_ms), count > 0

    async def invite(
        self, account: AccountId, purpose: Purpose, name: str, actor: str, *, minutes: int = MINUTES
    ) -> Invitation:
        """``account`` is SERVERS for what serves, whose name has to be a host name. PermanentError(BAD_SYNTAX)."""
        if not name.isprintable() or not 1 <= len(name) <= NAME_MAX or not 1 <= minutes <= MINUTES_MAX:
            raise PermanentError(
                Reason.BAD_SYNTAX, f"a name has 1 to {NAME_MAX} characters, 1 to {MINUTES_MAX} minutes"
            )
        if (purpose is Purpose.REMOTE) == (account == SERVERS):
            raise PermanentError(Reason.BAD_SYNTAX, "an account answers for a remote machine, and for no server")
        if purpose is not Purpose.REMOTE and _NODE_NAME.fullmatch(name) is None:
            raise PermanentError(Reason.BAD_SYNTAX, "the name of a server is a host name in lower case")
        deps, keys = self._deps, await self._keys()
        machine, secret = Machine(purpose, account, self._id()), deps.random.token(SECRET_BYTES)
        until_ms = deps.clock.now_ms() + minutes * _MINUTE_MS
        command = InviteMachine(
            unit=self._unit(),
            account=account,
            machine=machine.machine,
            purpose=purpose.value,
            record=seal(keys, _LABEL, _row(machine), Label(name, actor)),
            token=mac(keys, _LABEL, secret),
            token_until_ms=until_ms,
        )
        await deps.store.submit(command)
        self._invited_until_ms, self.has_any = max(self._invited_until_ms, until_ms), True
        row = MachineRow(account, machine.machine, purpose.value, command.record, command.token, until_ms, 0, 0, 0)
        token = f"{PREFIX}{account}_{id_text(machine.machine)}_{secret.hex()}"
        return Invitation(machine=await self._info(row), token=token)

    async def enrol(self, token: Secret, request: str, hours: int) -> Enrolled:
        """The first certificate. BAD_SYNTAX: the request, and the token stays; BAD_CREDENTIALS: the token."""
        key = read_request(request)
        found = _TOKEN.fullmatch(token.reveal().decode("utf-8", "replace"))
        if found is None or int(found[1]) >= 2**62 or found[2][0] > "7":
            raise PermanentError(Reason.BAD_CREDENTIALS, "the token is wrong, was used, or its time is over")
        account, machine, given = AccountId(int(found[1])), parse_id(found[2]), bytes.fromhex(found[3])
        expires_at_ms = self._deps.clock.now_ms() + hours * _HOUR_MS
        row = await self._deps.store.read(sql.machine(account, machine))
        hashed = mac(await self._keys(), _LABEL, given)
        command = EnrolMachine(
            unit=self._unit(), account=account, machine=machine, token=hashed, expires_at_ms=expires_at_ms
        )
        is_right = row is not None and hmac.compare_digest(row.token, hashed) and await self._is_active(account)
        if row is None or not is_right or not await self._deps.store.submit(command):
            raise PermanentError(Reason.BAD_CREDENTIALS, "the token is wrong, was used, or its time is over")
        return await self._signed(row, key, expires_at_ms, "enrolled", (await self._label(row)).invited_by)

    async def renew(self, machine: Machine, request: str, hours: int) -> Enrolled:
        """The next certificate of who has just shown one. NOT_PERMITTED: it was put out, or its account is closed."""
        key = read_request(request)
        expires_at_ms = self._deps.clock.now_ms() + hours * _HOUR_MS
        row = await self._row(machine)
        command = RenewMachine(
            unit=self._unit(), account=machine.account, machine=machine.machine, expires_at_ms=expires_at_ms
        )
        if row is None or not await self._is_active(machine.account) or not await self._deps.store.submit(command):
            raise PermanentError(Reason.NOT_PERMITTED, "that machine was put out, or its account is closed")
        return await self._signed(row, key, expires_at_ms, "renewed", SELF)

    async def holds(self, machine: Machine) -> bool:
        """Whether its certificates count: it was not put out, and its account is nobody's who is locked."""
        return await self._row(machine) is not None and await self._is_active(machine.account)

    async def list(self) -> list[MachineInfo]:
        """By account, the oldest first; invitations that nobody used too, until the next one is made."""
        found: list[MachineInfo] = []
        for row in await self._deps.store.read(sql.machines()):
            found.append(await self._info(row))
            if len(found) % SLICE == 0:
                await asyncio.sleep(0)
        return found

    async def revoke(self, account: AccountId, machine_id: str, actor: str) -> MachineInfo:
        """NO_SUCH_OBJECT when the account has no such machine."""
        try:
            row = await self._deps.store.read(sql.machine(account, parse_id(machine_id)))
        except ValueError:
            row = None
        if row is None:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such machine")
        info = await self._info(row)
        await self._deps.store.submit(RevokeMachine(unit=self._unit(), account=account, machine=row.machine))
        self._told(row, "revoked", actor, 0, "")
        return info

    async def _row(self, machine: Machine) -> MachineRow | None:
        row = await self._deps.store.read(sql.machine(machine.account, machine.machine))
        return row if row is not None and row.enrolled_at_ms and row.purpose == machine.purpose.value else None

    async def _is_active(self, account: AccountId) -> bool:
        if account == SERVERS:
            return True
        owner = await self._deps.store.read(directory.account_by_id(account))
        return owner is not None and owner.status is AccountStatus.ACTIVE

    async def _signed(
        self, row: MachineRow, key: ec.EllipticCurvePublicKey, expires_at_ms: int, action: str, actor: str
    ) -> Enrolled:
        machine = Machine(Purpose(row.purpose), row.account, row.machine)
        label = await self._label(row)
        authority = Authority.of_nodes(await self._deps.keys.node(NODE_SUBJECT), self._deps.clock)
        names = () if machine.purpose is Purpose.REMOTE else (label.name,)
        certificate = authority.sign_machine(key, machine, names, expires_at_ms)
        self._told(row, action, actor, expires_at_ms, certificate.serial)
        return Enrolled(
            id=id_text(row.machine),
            certificate=certificate.pem.decode("ascii"),
            authority=authority.certificate.decode("ascii"),
            expires_at_ms=expires_at_ms,
        )

    def _told(self, row: MachineRow, action: str, actor: str, expires_at_ms: int, serial: str) -> None:
        self._events.emit(
            MachineChanged(
                actor=actor,
                action=action,
                account=row.account,
                machine=id_text(row.machine),
                purpose=row.purpose,
                serial=serial,
                expires_at_ms=expires_at_ms,
            )
        )

    async def _label(self, row: MachineRow) -> Label:
        machine = Machine(Purpose(row.purpose), row.account, row.machine)
        return open_record(await self._keys(), _LABEL, _row(machine), row.record, Label)

    async def _info(self, row: MachineRow) -> MachineInfo:
        label = await self._label(row)
        owner = await self._deps.store.read(directory.account_by_id(row.account)) if row.account else None
        return MachineInfo(
            id=id_text(row.machine),
            address="" if owner is None else owner.address,
            name=label.name,
            purpose=row.purpose,
            invited_by=label.invited_by,
            enrolled_at_ms=row.enrolled_at_ms,
            renewed_at_ms=row.renewed_at_ms,
            expires_at_ms=row.expires_at_ms or row.token_until_ms,
        )


def _row(machine: Machine) -> bytes:
    return machine.account.to_bytes(8, "big") + machine.machine + machine.purpose.value.encode()
