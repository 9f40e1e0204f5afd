"""The first front's job for certificates: orders and renews them, warns before one expires, answers the administrator.

An authority is spoken to in the loop of the front, a request at a time; RSA and files are done in a thread. When a
certificate has come every front is told to serve it: open connections keep theirs, none is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cryptography import x509

from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import CertificateExpiring, Emitter, FaultRaised
from skrytka.model.settings import Settings
from skrytka.net.acme.files import CertificateFolder, Wanted, end_ms, names_of
from skrytka.net.acme.renewer import Renewer, Tell
from skrytka.net.bugs import bug_caught
from skrytka.net.dns.resolver import Resolver
from skrytka.net.tls import CertificateFiles
from skrytka.protocol.tlspolicy.published import HOST_PREFIX

EVERY_S: Final = 600.0
WARN_DAYS: Final = (0, 7, 14)
Rows = list[dict[str, Any]]
Leaves = list[tuple[CertificateFiles, x509.Certificate]]
_DAY_MS: Final = 86_400_000


class HasSettings(Protocol):
    """Where the settings of now are."""

    @property
    def settings(self) -> Settings: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalDeps:
    """Made by the composition root."""

    now: HasSettings
    make: Callable[[Settings], Awaitable[tuple[Renewer, Resolver]]]
    wanted: Callable[[Settings, Sequence[str]], Sequence[Wanted]]
    served: Callable[[Settings], Sequence[CertificateFiles]]
    folder: CertificateFolder
    hosted: HostedDomains
    changed: Callable[[], None]
    events: Emitter
    clock: Clock


class Renewals:
    """See the module; :meth:`run` until cancelled."""

    def __init__(self, deps: RenewalDeps) -> None:
        self._deps = deps
        self._made_for: tuple[object, ...] = ()
        self._renewer: Renewer | None = None
        self._resolver: Resolver | None = None
        self._busy = asyncio.Lock()
        self._told: set[tuple[int, int]] = set()

    async def run(self) -> None:
        """Look after all of them, again and again; what fails is told."""
        while True:
            try:
                await self.look_after_all()
            except ReasonedError as exc:
                self._deps.events.emit(FaultRaised(fault="F-certificates", detail=str(exc)))
            except Exception as exc:  # noqa: BLE001 - the one place for this job's bugs (conventions C6)
                self._deps.events.emit(bug_caught(exc))
            await asyncio.sleep(EVERY_S)

    async def look_after_all(self) -> None:
        """One after another, so that nothing is ordered twice. Files are read in a thread."""
        await self._warn()
        async with self._busy:
            renewer = await self._current()
            for wanted in await self._wanted():
                if renewer is not None and await renewer.look_after(wanted):
                    self._deps.changed()

    # -- for the administrator ------------------------------------------------------------------------------------

    async def list(self) -> "Rows":
        """Those that are ordered, then those of the settings."""
        renewer = await self._current()
        wanted = await self._wanted() if renewer is not None else []
        rows = [await self._row(one, renewer) for one in wanted if renewer is not None]
        own = {self._deps.folder.files(one).certificate for one in wanted}
        for files, leaf in await self._served():
            if files.certificate not in own:
                rows.append({"names": sorted(names_of(leaf)), "key": _kind(leaf), "source": str(files.certificate)})
                rows[-1] |= {"expires_at_ms": end_ms(leaf), "renews_at_ms": None, "error": ""}
        return rows

    async def renew(self, name: str, tell: Tell, *, is_rolling: bool = False) -> "Rows":
        """Now, due or not; "" for all. PermanentError when there is none, or the next key may not be served yet."""
        async with self._busy:
            renewer = await self._current()
            wanted = [one for one in await self._wanted() if name in ("", *one.names)]
            if renewer is None or not wanted:
                said = f"no certificate for {name!r} is ordered" if name else "no authority is in [acme]"
                raise PermanentError(Reason.NO_SUCH_OBJECT, said)
            for one in wanted:
                if await (renewer.roll(one, tell) if is_rolling else renewer.renew(one, tell)):
                    self._deps.changed()
            return [await self._row(one, renewer) for one in wanted]

    async def _row(self, wanted: Wanted, renewer: Renewer) -> dict[str, Any]:
        ordered, state = await asyncio.to_thread(self._deps.folder.load, wanted), renewer.progress(wanted)
        return {
            "names": wanted.names,
            "key": wanted.kind,
            "source": state.authority or "not ordered yet",
            "expires_at_ms": None if ordered is None else ordered.not_after_ms,
            "renews_at_ms": max(renewer.due_ms(wanted, ordered), state.next_try_ms),
            "error": state.error,
        }

    # -- inside ---------------------------------------------------------------------------------------------------

    async def _current(self) -> Renewer | None:
        """For the settings of now; None where no authority is named."""
        settings = self._deps.now.settings
        if not settings.acme.authorities:
            return None
        made_for = (settings.acme, settings.hostname, settings.dns)
        if self._renewer is None or made_for != self._made_for:
            self._renewer, self._resolver = await self._deps.make(settings)
            self._made_for = made_for
        return self._renewer

    async def _wanted(self) -> Sequence[Wanted]:
        settings = self._deps.now.settings
        hosts = []
        if settings.mta_sts.mode != "off" and settings.acme.authorities:
            hosts = [HOST_PREFIX + name for name in await self._deps.hosted.names()]
        return self._deps.wanted(settings, [host for host in hosts if await self._has_address(host)])

    async def _has_address(self, host: str) -> bool:
        """A policy host that is not in DNS yet would only make an authority complain."""
        for rdtype in ("A", "AAAA"):
            with suppress(TransientError, PermanentError):
                if self._resolver is not None and (await self._resolver.query(host, rdtype)).texts:
                    return True
        return False

    async def _served(self) -> Leaves:
        settings = self._deps.now.settings

        def read() -> Leaves:
            found = ((files, _leaf(files)) for files in self._deps.served(settings))
            return [(files, leaf) for files, leaf in found if leaf is not None]

        return await asyncio.to_thread(read)

    async def _warn(self) -> None:
        """At 14 days, at 7 and at the end; each once in the life of this process."""
        now_ms = self._deps.clock.now_ms()
        for _files, leaf in await self._served():
            days = next((limit for limit in WARN_DAYS if end_ms(leaf) - now_ms <= limit * _DAY_MS), None)
            if days is not None and (leaf.serial_number, days) not in self._told:
                self._told.add((leaf.serial_number, days))
                names = tuple(sorted(names_of(leaf)))
                self._deps.events.emit(CertificateExpiring(names=names, days=days, expires_at_ms=end_ms(leaf)))


def _leaf(files: CertificateFiles) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return None


def _kind(leaf: x509.Certificate) -> str:
    return "rsa" if "RSA" in type(leaf.public_key()).__name__ else "ecdsa"
