"""Whose mail it is: SPF, the signatures and ARC while an inspector reads the message, then DMARC (RFC 9989 5.3).

Nothing here raises: what DNS does not answer is a temporary error, and so is a bug of ours, with its event. At most 20
seconds go by until SPF, DKIM and ARC are known, and 5 more until DMARC is; a look-up that has begun comes on top.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.signatures import SignedMessage
from skrytka.mail.delivery.types import Judgement, Transaction
from skrytka.model.address import ReversePath
from skrytka.model.clock import Clock
from skrytka.model.events import Emitter
from skrytka.net.bugs import bug_caught
from skrytka.net.dns.drive import TURN_S, Begun, Known, nothing_known
from skrytka.net.dns.resolver import Resolver
from skrytka.net.facts import normalise
from skrytka.protocol.mailauth.arc.fields import Status as ArcStatus
from skrytka.protocol.mailauth.arc.verify import ChainResult
from skrytka.protocol.mailauth.author import Author, author_of
from skrytka.protocol.mailauth.dkim.results import RESULTS, DkimReason, Result, SignatureResult
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation, Identifier, evaluate
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcStatus
from skrytka.protocol.mailauth.dmarc.record import Policy
from skrytka.protocol.mailauth.dmarc.walk import organizations
from skrytka.protocol.mailauth.message import DmarcResult, MessageResults, chain_check, dmarc_of, signature_checks
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.mailauth.spf.check import check_host
from skrytka.protocol.mailauth.spf.identity import identity_of
from skrytka.protocol.mailauth.spf.result import Result as SpfStatus
from skrytka.protocol.mailauth.spf.result import SpfResult

T = TypeVar("T")
FIRST_S: Final = 20.0  # RFC 7208 4.6.4: at least, for SPF
DMARC_S: Final = 5.0
NOT_CHECKED: Final = SignatureResult(RESULTS[DkimReason.NOT_CHECKED], DkimReason.NOT_CHECKED)
NOT_CHECKED_AT_ALL: Final = (NOT_CHECKED,)
_NO_CHAIN: Final = ChainResult(status=ArcStatus.NONE)
_BROKEN_CHAIN: Final = ChainResult(status=ArcStatus.FAIL, detail="not checked")


class Proofs(msgspec.Struct, frozen=True):
    """What is known before anybody has read From."""

    spf: SpfResult
    dkim: tuple[SignatureResult, ...]
    arc: ChainResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderDeps:
    """What Senders work with; ``judge`` is ``mail.policy.senders``, handed in: policy stands above delivery."""

    hostname: str
    resolver: Resolver
    judge: Callable[[Transaction, MessageResults], Judgement]
    events: Emitter
    clock: Clock
    known: Known = nothing_known  # what the resolver has at hand
    is_spf_explained: bool = False  # whether a fail is told the peer, with the words of its domain


class Senders:
    """Looks at who sent a message; one per process."""

    def __init__(self, deps: SenderDeps) -> None:
        self._deps = deps

    def begin(self, facts: Transaction, sealed: Sealed) -> "Inquiry":
        """SPF, each signature and ARC, as far as DNS is known already."""
        message = sealed.signatures.with_hashes(sealed.hashes) if sealed.signatures is not None else None
        if sealed.hash_bug is not None:
            self._deps.events.emit(bug_caught(sealed.hash_bug, facts.trace))
            return Inquiry(self._deps, facts, None, NOT_CHECKED_AT_ALL)
        return Inquiry(self._deps, facts, message)

    async def results(
        self, facts: Transaction, proofs: Proofs, authors: Sequence[tuple[bytes, ...] | None]
    ) -> MessageResults:
        """With DMARC; ``authors`` are the domains of each From field, as an inspector found them.

        Where DNS did not answer what could have made DMARC pass, that is a temporary error and no failure (RFC 9989
        5.3.6). A forger cannot bring that about: the domain that does not answer has to be the author's.
        """
        author = author_of(authors)
        failed = DmarcResult(author=author, evaluations=tuple(map(_temperror, author.domains)))
        dmarc = await self._safely(dmarc_of(author, proofs.spf, proofs.dkim), failed, facts)
        missing = _missing(proofs)
        if missing is None or missing:
            evaluations = [await self._without_doubt(facts, each, missing) for each in dmarc.evaluations]
            dmarc = DmarcResult(author=author, evaluations=tuple(evaluations))
        return MessageResults(spf=proofs.spf, dkim=proofs.dkim, arc=proofs.arc, dmarc=dmarc)

    def judge(self, facts: Transaction, found: MessageResults) -> Judgement:
        """What this server's policy makes of it."""
        return self._deps.judge(facts, found)

    async def with_kin(self, author: Author, facts: Transaction) -> Author:
        """With the organizational domains of its domains: what is aligned with one of these is so with them."""
        found = await self._safely(organizations(author.domains), author.domains, facts)
        return Author(tuple(dict.fromkeys((*author.domains, *found))), author.problem)

    async def _without_doubt(
        self, facts: Transaction, evaluation: Evaluation, missing: Sequence[Identifier] | None
    ) -> Evaluation:
        """The evaluation, if it would have failed also with what is missing; None of that: anything may be."""
        if evaluation.result is not DmarcStatus.FAIL:
            return evaluation
        if missing is not None:
            found = await self._safely(evaluate(evaluation.author, missing), None, facts)
            if found is not None and found.result is DmarcStatus.FAIL:
                return evaluation
        return msgspec.structs.replace(evaluation, result=DmarcStatus.TEMPERROR, asked=Policy.NONE)

    async def _safely(self, check: Check[T], failed: T, facts: Transaction) -> T:
        """As an :class:`_Asked`, of one check alone."""
        asked = _Asked(self._deps, facts, check, failed, until_s=self._deps.clock.monotonic_s() + TURN_S)
        await asked.finish(DMARC_S)
        return asked.result


class Inquiry:
    """About one message: all checks at the same time."""

    def __init__(
        self,
        deps: SenderDeps,
        facts: Transaction,
        message: SignedMessage | None,
        unread: tuple[SignatureResult, ...] = (),
    ) -> None:
        self._unread = unread
        now_s = facts.received_at_ms // 1000
        until_s = deps.clock.monotonic_s() + TURN_S  # of all checks together
        self._spf = _Asked(deps, facts, *_spf_check(deps, facts, now_s), until_s=until_s)
        self._dkim: list[_Asked[SignatureResult]] = []
        self._arc: _Asked[ChainResult] | None = None
        if message is None:
            return
        is_long = message.is_long
        self._dkim = [
            _Asked(deps, facts, check, NOT_CHECKED, until_s=until_s, in_thread=is_long)
            for check in signature_checks(message.signed, message.bodies, now_s)
        ]
        if message.signed.chain:
            check = chain_check(message.signed, message.bodies, now_s)
            self._arc = _Asked(deps, facts, check, _BROKEN_CHAIN, until_s=until_s, in_thread=is_long)

    @property
    def proofs(self) -> Proofs | None:
        """None while somebody has to be asked."""
        if self._waiting():
            return None
        dkim = self._unread or tuple(each.result for each in self._dkim)
        chain = _BROKEN_CHAIN if self._unread else _NO_CHAIN
        return Proofs(self._spf.result, dkim, chain if self._arc is None else self._arc.result)

    async def finish(self) -> Proofs:
        """All that is left is asked at the same time."""
        await asyncio.gather(*(each.finish(FIRST_S) for each in self._waiting()))
        if (proofs := self.proofs) is None:
            raise AssertionError("all checks have ended")
        return proofs

    def _waiting(self) -> "list[_Asked[Any]]":
        everything: list[_Asked[Any]] = [self._spf, *self._dkim]
        if self._arc is not None:
            everything.append(self._arc)
        return [each for each in everything if not each.is_done]


class _Asked(Generic[T]):
    """One check, whose bugs cost nothing but its result: ``failed``, a temporary error."""

    def __init__(
        self,
        deps: SenderDeps,
        facts: Transaction,
        check: Check[T],
        failed: T,
        *,
        until_s: float,
        in_thread: bool = False,
    ) -> None:
        self._deps = deps
        self._facts = facts
        self._begun = Begun(check)
        self._failed = failed
        self._has_failed = False
        self._in_thread = in_thread
        if not in_thread:
            try:
                self._begun.advance(deps.known, deps.clock, until_s)
            except Exception as exc:  # noqa: BLE001 - a bug in a check must not cost the message
                self._fail(exc)

    @property
    def is_done(self) -> bool:
        return self._has_failed or self._begun.is_done

    @property
    def result(self) -> T:
        return self._failed if self._has_failed else self._begun.result

    async def finish(self, seconds: float) -> None:
        if self.is_done:
            return
        deps = self._deps
        try:
            await self._begun.drive(deps.resolver, deps.clock, seconds=seconds, in_thread=self._in_thread)
        except Exception as exc:  # noqa: BLE001 - as above
            self._fail(exc)

    def _fail(self, bug: Exception) -> None:
        self._has_failed = True
        self._deps.events.emit(bug_caught(bug, self._facts.trace))


def _spf_check(deps: SenderDeps, facts: Transaction, now_s: int) -> tuple[Check[SpfResult], SpfResult]:
    """With what it is for us when we fail."""
    identity = identity_of(facts.helo, facts.reverse_path)
    check = check_host(
        identity,
        ip=normalise(facts.remote),
        helo=facts.helo.name,
        receiver=deps.hostname,
        now_s=now_s,
        is_explained=deps.is_spf_explained,
    )
    return check, SpfResult(result=SpfStatus.TEMPERROR, identity=identity)


def _missing(proofs: Proofs) -> list[Identifier] | None:
    """What would be proven, had DNS answered; None: that cannot be said, for it was a bug."""
    if any(each.reason is DkimReason.NOT_CHECKED for each in proofs.dkim):
        return None
    missing = [Identifier("dkim", each.domain) for each in proofs.dkim if each.result is Result.TEMPERROR]
    if proofs.spf.result is SpfStatus.TEMPERROR:
        missing.append(Identifier("spf", proofs.spf.identity.domain))
    return missing


def _temperror(author: str) -> Evaluation:
    return Evaluation(author=author, result=DmarcStatus.TEMPERROR)


def proves(results: MessageResults, reverse_path: ReversePath) -> bool:
    """Whether the reverse path is the sender's, so that he may be told what becomes of the message (design section 5).

    SPF passes for it, or a signature of its domain or of one above it does, or DMARC for its very domain.
    """
    if reverse_path.address is None:
        return False
    spf, domain = results.spf, reverse_path.address.domain.name
    if spf is not None and spf.result is SpfStatus.PASS and spf.identity.scope == "mfrom":
        return True
    if any(
        each.result is Result.PASS and (domain == each.domain or domain.endswith(f".{each.domain}"))
        for each in results.dkim
    ):
        return True
    return results.dmarc.result is DmarcStatus.PASS and results.dmarc.author.domain == domain
