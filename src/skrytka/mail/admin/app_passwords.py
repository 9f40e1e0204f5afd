"""App passwords and certificates of mail programs: made, listed, taken away."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from skrytka.mail.admin.base import AdminPart
from skrytka.mail.identity.app_passwords import APP_SUBJECT, AppKeys, AppRecord, new_secret, shown
from skrytka.mail.identity.types import MAIL_RIGHTS
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import AppPasswordChanged, ClientCertificateChanged
from skrytka.model.secret import Secret
from skrytka.net.facts import Networks
from skrytka.protocol.sasl.scram import ScramKeys
from skrytka.store.commands.app_passwords import (
    AddAppPassword,
    AddClientCertificate,
    RemoveAppPasswords,
    RemoveClientCertificate,
)
from skrytka.store.rows import AccountRow, AppPasswordRow
from skrytka.store.sql import app_passwords as sql

NAME_MAX: Final = 100
LIST_MAX: Final = 100
DAY_MS: Final = 86_400_000
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


class AppPasswordInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to see of an app password."""

    number: int
    name: str
    services: tuple[str, ...] = ()  # empty: all of mail programs
    networks: tuple[str, ...] = ()  # empty: from everywhere
    created_at_ms: int
    expires_at_ms: int | None = None
    used_at_ms: int | None = None
    used_from: str = ""
    used_by: str = ""


class AppPasswordMade(msgspec.Struct, frozen=True, kw_only=True):
    """It is shown this once."""

    address: str
    app_password: AppPasswordInfo
    password: str

    def __repr__(self) -> str:
        return f"AppPasswordMade({self.address}, {self.app_password.number})"


class AppPasswordsGone(msgspec.Struct, frozen=True, kw_only=True):
    """How many are no more."""

    address: str
    count: int


class ClientCertificateInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that an account logs in with."""

    address: str
    fingerprint: str  # SHA-256, hexadecimal
    created_at_ms: int


class AppPasswords(AdminPart):
    """Part of Admin."""

    async def add(
        self,
        address: str,
        name: str,
        actor: str,
        *,
        services: Sequence[str] = (),
        networks: Sequence[str] = (),
        days: int | None = None,
    ) -> AppPasswordMade:
        """A new one; the owner is told by mail. ALREADY_EXISTS, TOO_MANY."""
        deps, row = self._deps, await self._account(address)
        label, now_ms = _checked_name(name), deps.clock.now_ms()
        _check_scope(services, networks)
        keys, secret = await self._keys(), new_secret(deps.random)
        mac, expires_at_ms = keys.mac(row.account, secret), now_ms + days * DAY_MS if days else 0
        typed = Secret(shown(secret))
        scram = await asyncio.to_thread(ScramKeys.of, typed, keys.salt(row.address))
        record = AppRecord(scram, label, tuple(services), tuple(networks))
        number = await deps.store.submit(
            AddAppPassword(
                unit=self._unit(),
                account=row.account,
                mac=mac,
                name_mac=keys.name_mac(row.account, label.lower()),
                record=keys.seal(row.account, mac, record, deps.random),
                expires_at_ms=expires_at_ms,
            )
        )
        self._tell(actor, row, "app_password.add", number, services=tuple(services), expires_at_ms=expires_at_ms)
        info = AppPasswordInfo(
            number=number,
            name=label,
            services=tuple(services),
            networks=tuple(networks),
            created_at_ms=now_ms,
            expires_at_ms=expires_at_ms or None,
        )
        return AppPasswordMade(address=row.address, app_password=info, password=shown(secret))

    async def list(self, address: str) -> list[AppPasswordInfo]:
        """All of an account's, the oldest first."""
        row, keys = await self._account(address), await self._keys()
        found: list[AppPasswordInfo] = []
        while some := await self._deps.store.read(sql.after(row.account, found[-1].number if found else 0, LIST_MAX)):
            found += [_info(keys, each) for each in some]
            await asyncio.sleep(0)
        return found

    async def remove(self, address: str, number: int | None, actor: str) -> AppPasswordsGone:
        """One of them, or all (None); sessions that began with it end within a second."""
        row = await self._account(address)
        remove = RemoveAppPasswords(unit=self._unit(), account=row.account, number=number or 0)
        count = await self._deps.store.submit(remove)
        self._tell(actor, row, "app_password.remove", number or 0)
        return AppPasswordsGone(address=row.address, count=count)

    async def add_certificate(self, address: str, certificate: str, actor: str) -> ClientCertificateInfo:
        """A certificate as PEM, or its SHA-256 fingerprint; it opens whatever the listener's authority has signed."""
        row, fingerprint = await self._account(address), _fingerprint(certificate)
        add = AddClientCertificate(unit=self._unit(), account=row.account, fingerprint=fingerprint)
        await self._deps.store.submit(add)
        return self._certificate(row, fingerprint, self._deps.clock.now_ms(), actor, is_added=True)

    async def certificates(self, address: str) -> tuple[ClientCertificateInfo, ...]:
        """Of one account."""
        row = await self._account(address)
        return tuple(
            ClientCertificateInfo(
                address=row.address, fingerprint=each.fingerprint.hex(), created_at_ms=each.created_at_ms
            )
            for each in await self._deps.store.read(sql.certificates(row.account))
        )

    async def remove_certificate(self, address: str, fingerprint: str, actor: str) -> ClientCertificateInfo:
        """It opens nothing any more."""
        row, raw = await self._account(address), _fingerprint(fingerprint)
        remove = RemoveClientCertificate(unit=self._unit(), account=row.account, fingerprint=raw)
        await self._deps.store.submit(remove)
        return self._certificate(row, raw, 0, actor, is_added=False)

    async def _keys(self) -> AppKeys:
        return AppKeys(await self._deps.keys.node(APP_SUBJECT))

    def _tell(
        self,
        actor: str,
        row: AccountRow,
        action: str,
        number: int,
        *,
        services: tuple[str, ...] = (),
        expires_at_ms: int = 0,
    ) -> None:
        self._deps.events.emit(
            AppPasswordChanged(
                actor=actor,
                action=action,
                object=row.address,
                number=number,
                services=services,
                expires_at_ms=expires_at_ms,
            )
        )

    def _certificate(
        self, row: AccountRow, fingerprint: bytes, created_at_ms: int, actor: str, *, is_added: bool
    ) -> ClientCertificateInfo:
        self._deps.events.emit(
            ClientCertificateChanged(actor=actor, object=row.address, fingerprint=fingerprint.hex(), is_added=is_added)
        )
        return ClientCertificateInfo(address=row.address, fingerprint=fingerprint.hex(), created_at_ms=created_at_ms)


def _info(keys: AppKeys, row: AppPasswordRow) -> AppPasswordInfo:
    record, use = keys.open(row).record, keys.open_use(row)
    return AppPasswordInfo(
        number=row.number,
        name=record.name,
        services=record.services,
        networks=record.networks,
        created_at_ms=row.created_at_ms,
        expires_at_ms=row.expires_at_ms or None,
        used_at_ms=row.used_at_ms or None,
        used_from=use.remote if use is not None else "",
        used_by=use.service if use is not None else "",
    )


def _checked_name(name: str) -> str:
    label = name.strip()
    if not 0 < len(label) <= NAME_MAX or not label.isprintable():
        raise PermanentError(Reason.BAD_SYNTAX, f"the name of an app password has 1 to {NAME_MAX} characters")
    return label


def _check_scope(services: Sequence[str], networks: Sequence[str]) -> None:
    if unknown := sorted(set(services) - MAIL_RIGHTS):
        raise PermanentError(Reason.BAD_SYNTAX, f"{', '.join(unknown)}: services are {', '.join(sorted(MAIL_RIGHTS))}")
    if len(networks) > LIST_MAX:
        raise PermanentError(Reason.BAD_SYNTAX, f"{LIST_MAX} networks at most")
    try:
        Networks(networks)
    except ValueError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, str(exc)) from exc


def _fingerprint(text: str) -> bytes:
    """Of PEM, or as openssl prints it; PermanentError(BAD_SYNTAX)."""
    bare = text.strip().lower().removeprefix("sha256 fingerprint=").replace(":", "")
    if _FINGERPRINT.fullmatch(bare):
        return bytes.fromhex(bare)
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
    except ValueError as exc:
        said = "a certificate is PEM, or its SHA-256 fingerprint in hexadecimal digits"
        raise PermanentError(Reason.BAD_SYNTAX, said) from exc
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
