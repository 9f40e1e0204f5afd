"""The way of a parcel: from server to server until one has taken it, over a connection that stays open for the next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from skrytka.mail.queue.deliver_by import is_over, overdue, timed
from skrytka.mail.queue.form import Forms
from skrytka.mail.queue.guard import Guard
from skrytka.mail.queue.handshake import NO_REQUIRETLS, NOT_NAMED, STATUSES, TlsFailedError
from skrytka.mail.queue.opening import Opener, Wanted
from skrytka.mail.queue.outcome import Fate, Outcome, deferred, failed, of_error, unsafe
from skrytka.mail.queue.parcel import Parcel, Reader
from skrytka.mail.queue.routes import Hop, Located, Routes
from skrytka.mail.queue.transmit import HopRefusedError, Transmitter
from skrytka.model.address import Domain
from skrytka.model.clock import Clock
from skrytka.model.envelope import TlsWish
from skrytka.model.errors import PermanentError, TransientError
from skrytka.model.settings import Outbound
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy

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
        if self._open is not None and self._has_room(self._open) and self._open.fits(parcel.tls_wish):
            pending = await self._send(self._open, parcel, pending, reader, outcomes)
        if not pending:
            return outcomes
        await self.close()
        is_usual = parcel.tls_wish is TlsWish.USUAL
        if is_usual and self._unreachable is not None and self._paths.clock.monotonic_s() < self._unreachable_until_s:
            return outcomes | dict.fromkeys(pending, self._unreachable)
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
        is_reached, is_refused = False, True
        for hop in hops:
            pending = await self._try(hop, parcel, pending, reader, outcomes)
            is_reached = is_reached or self._open is not None
            if not pending:
                return
            last = outcomes[pending[0]]
            is_refused = is_refused and not last.is_remote and last.status in STATUSES
        if parcel.tls_wish is TlsWish.REQUIRED and is_refused:  # RFC 8689 4.2.1: no server will do
            outcomes |= {number: _not_under_tls(outcomes[number]) for number in pending}
        elif parcel.tls_wish is TlsWish.USUAL and not is_reached:
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
        return transmitter.is_usable and transmitter.messages < self._paths.settings.messages_per_connection

    async def _try(
        self, hop: Hop, parcel: Parcel, pending: list[int], reader: Reader, outcomes: dict[int, Outcome]
    ) -> list[int]:
        """Addresses of one server in turn; who is still to be tried elsewhere."""
        domain = parcel.recipients[pending[0]].address.domain
        try:
            located = await self._paths.routes.locate(hop)
            policy = await self._policy(hop, located, domain, parcel.tls_wish)
        except TransientError as exc:
            outcomes |= dict.fromkeys(pending, of_error(exc, Fate.DEFERRED, hop.host))
            return pending
        trace, wish = parcel.envelope.trace, parcel.tls_wish
        for address in located.addresses:
            wanted = Wanted(hop=hop, address=address, policy=policy, domain=domain.name, trace=trace, wish=wish)
            found = await self._connect(wanted)
            if isinstance(found, Outcome):
                outcomes |= dict.fromkeys(pending, found)
                if found.fate is Fate.FAILED:
                    return []
                continue
            pending = await self._send(found, parcel, pending, reader, outcomes)
            if not pending:
                break
        return pending

    async def _connect(self, wanted: Wanted) -> Transmitter | Outcome:
        """A session that fits the message, or why there is none."""
        await self.close()
        host = wanted.hop.host
        try:
            self._open = await self._paths.opener.open(wanted)
        except PermanentError as exc:
            return of_error(exc, Fate.FAILED, host)
        except HopRefusedError as exc:
            return deferred(exc.reply, host)
        except TlsFailedError as exc:
            return unsafe(exc.status, exc.detail, host)
        except TransientError as exc:
            return of_error(exc, Fate.DEFERRED, host)
        if self._open.fits(wanted.wish):
            return self._open
        return unsafe(NO_REQUIRETLS, f"REQUIRETLS: {host} does not offer it", host)

    async def _policy(self, hop: Hop, located: Located, domain: Domain, wish: TlsWish) -> HostPolicy:
        try:
            return await self._paths.guard.policy(hop, located.answers, domain)
        except TransientError:
            if wish is TlsWish.OPTIONAL and self._paths.guard.demand(domain) is None:
                return NO_POLICY
            raise

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


def _not_under_tls(outcome: Outcome) -> Outcome:
    """RFC 8689 4.2.1: it goes back at once."""
    status = "5.7.30" if outcome.status in {NO_REQUIRETLS, NOT_NAMED} else "5.7.10"
    return failed(status, outcome.text, outcome.host)
