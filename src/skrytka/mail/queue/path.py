"""The way of a parcel: from server to server until one has taken it, over a connection that stays open for the next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from skrytka.mail.queue.deliver_by import is_over, overdue, timed
from skrytka.mail.queue.form import Forms
from skrytka.mail.queue.guard import Guard
from skrytka.mail.queue.handshake import TlsFailedError
from skrytka.mail.queue.opening import Opener, Wanted
from skrytka.mail.queue.outcome import Fate, Outcome, deferred, of_error, unsafe
from skrytka.mail.queue.parcel import Parcel, Reader
from skrytka.mail.queue.routes import Hop, Routes
from skrytka.mail.queue.transmit import HopRefusedError, Transmitter
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, TransientError
from skrytka.model.settings import Outbound

UNREACHABLE_S: Final = 60.0  # what could not be reached is not tried again by the same worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """What every way is made of."""

    routes: Routes
    guard: Guard
    opener: Opener
    settings: Outbound
    clock: Clock
    forms: Forms

    @asynccontextmanager
    async def path(self) -> AsyncIterator["Path"]:
        """One worker's; its connection is closed at the end."""
        path = Path(self)
        try:
            yield path
        finally:
            await path.close()


class Path:
    """Of one destination."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._open: Transmitter | None = None
        self._unreachable: Outcome | None = None
        self._unreachable_until_s = 0.0

    async def deliver(self, parcel: Parcel, reader: Reader) -> dict[int, Outcome]:
        """An outcome for each recipient. When nobody could be reached the next parcels hear the same for a while."""
        outcomes: dict[int, Outcome] = {}
        pending = list(parcel.recipients)
        if self._open is not None and self._open.is_usable and self._has_room(self._open):
            pending = await self._send(self._open, parcel, pending, reader, outcomes)
        if not pending:
            return outcomes
        await self.close()
        if self._unreachable is not None and self._paths.clock.monotonic_s() < self._unreachable_until_s:
            return outcomes | dict.fromkeys(pending, self._unreachable)
        self._unreachable = None
        try:
            hops = await self._paths.routes.hops(parcel.recipients[pending[0]].address.domain)
        except (PermanentError, TransientError) as exc:
            outcome = of_error(exc, Fate.FAILED if isinstance(exc, PermanentError) else Fate.DEFERRED)
            self._remember(outcome)
            return outcomes | dict.fromkeys(pending, outcome)
        await self._try_all(hops, parcel, pending, reader, outcomes)
        return outcomes

    async def _try_all(
        self, hops: list[Hop], parcel: Parcel, pending: list[int], reader: Reader, outcomes: dict[int, Outcome]
    ) -> None:
        is_reached = False
        for hop in hops:
            pending = await self._try(hop, parcel, pending, reader, outcomes)
            is_reached = is_reached or self._open is not None
            if not pending:
                return
        if not is_reached:
            self._remember(outcomes[pending[0]])

    def _remember(self, outcome: Outcome) -> None:
        self._unreachable = outcome
        self._unreachable_until_s = self._paths.clock.monotonic_s() + UNREACHABLE_S

    async def close(self) -> None:
        """QUIT."""
        transmitter, self._open = self._open, None
        if transmitter is not None:
            await transmitter.close()

    def _has_room(self, transmitter: Transmitter) -> bool:
        return transmitter.messages < self._paths.settings.messages_per_connection

    async def _try(
        self, hop: Hop, parcel: Parcel, pending: list[int], reader: Reader, outcomes: dict[int, Outcome]
    ) -> list[int]:
        """Addresses of one server in turn; who is still to be tried elsewhere."""
        domain = parcel.recipients[pending[0]].address.domain
        try:
            located = await self._paths.routes.locate(hop)
            policy = await self._paths.guard.policy(hop, located.answers, domain)
        except TransientError as exc:
            outcomes |= dict.fromkeys(pending, of_error(exc, Fate.DEFERRED, hop.host))
            return pending
        for address in located.addresses:
            await self.close()
            wanted = Wanted(hop=hop, address=address, policy=policy, domain=domain.name, trace=parcel.envelope.trace)
            try:
                self._open = await self._paths.opener.open(wanted)
            except PermanentError as exc:
                outcomes |= dict.fromkeys(pending, of_error(exc, Fate.FAILED, hop.host))
                return []
            except HopRefusedError as exc:
                outcomes |= dict.fromkeys(pending, deferred(exc.reply, hop.host))
                continue
            except TlsFailedError as exc:
                outcomes |= dict.fromkeys(pending, unsafe(exc.status, exc.detail, hop.host))
                continue
            except TransientError as exc:
                outcomes |= dict.fromkeys(pending, of_error(exc, Fate.DEFERRED, hop.host))
                continue
            pending = await self._send(self._open, parcel, pending, reader, outcomes)
            if not pending:
                break
        return pending

    async def _send(
        self,
        transmitter: Transmitter,
        parcel: Parcel,
        pending: list[int],
        reader: Reader,
        outcomes: dict[int, Outcome],
    ) -> list[int]:
        """Who may be tried at another server: those deferred, unless somebody may have the message already."""
        try:
            fitted = await self._paths.forms.fitted(parcel, reader, transmitter.offered)
            now_ms = self._paths.clock.now_ms()
            if is_over(parcel, now_ms):  # while the server was looked for
                outcomes |= dict.fromkeys(pending, overdue(Fate.FAILED, parcel))
                return []
            outcomes |= await transmitter.send(timed(fitted, transmitter.offered, now_ms), pending, reader)
        except TransientError as exc:
            outcomes |= dict.fromkeys(pending, of_error(exc, Fate.DEFERRED))
        if transmitter.is_uncertain:
            return []
        return [number for number in pending if outcomes[number].fate is Fate.DEFERRED]
