"""The look at a message before it is delivered: what is in it, and of mail from outside whose it is."""

from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.delivery.checked import sender_checked
from skrytka.mail.delivery.failures import Failures
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.report_intake import ReportIntake, is_report
from skrytka.mail.delivery.senders import Senders, proves
from skrytka.mail.delivery.summary import NO_COPIES, Insides
from skrytka.mail.delivery.types import Decide, Resolution, Transaction
from skrytka.mail.delivery.withheld import at_the_door
from skrytka.model import reply
from skrytka.model.events import Emitter
from skrytka.model.verdict import Action, Verdict
from skrytka.net.beside import beside
from skrytka.protocol.mailauth.author import Author, Problem
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcStatus
from skrytka.protocol.mailauth.message import MessageResults, founds
from skrytka.protocol.mailauth.results import results_field

_ACCEPTED: Final = Verdict(Action.ACCEPT, reply.ACCEPTED)


class Looked(msgspec.Struct, frozen=True):
    """What was seen; ``facts`` have with them what belongs to every copy."""

    insides: Insides
    facts: Transaction
    verdict: Verdict = _ACCEPTED
    doubted: Author | None = None  # who From names, with their kin, and nobody proves; None: proven, or believed


class Look:
    """One per process; without ``senders`` nobody asks whose mail it is."""

    def __init__(
        self,
        hostname: str,
        inspection: Inspection,
        decide: Decide,
        senders: Senders | None,
        events: Emitter,
        intake: ReportIntake | None = None,
        failures: Failures | None = None,
    ) -> None:
        self._hostname = hostname
        self._inspection = inspection
        self._decide = decide
        self._senders = senders
        self._events = events
        self._intake = intake
        self._failures = failures

    async def at(self, facts: Transaction, recipients: Sequence[Resolution], sealed: Sealed) -> Looked:
        """As :meth:`insides`; of a message that only leaves, nothing of its inside is looked at."""
        if self._senders is not None and facts.is_sender_checked:
            return await self._at_sender(self._senders, facts, recipients, sealed)
        return Looked(await self.insides(facts, sealed) if recipients else NO_COPIES, facts)

    async def insides(self, facts: Transaction, sealed: Sealed) -> Insides:
        """Mail from outside may be poisoned; who submits it keeps it, for he may be told.

        TransientError when there is no inspector.
        """
        insides = await self._inspection.of(sealed)
        if insides.poison is not None and facts.is_submission:
            raise insides.poison
        return insides

    async def _at_sender(
        self, senders: Senders, facts: Transaction, recipients: Sequence[Resolution], sealed: Sealed
    ) -> Looked:
        """Both at the same time, then one decision."""
        inquiry = senders.begin(facts, sealed)
        if (known := inquiry.proofs) is not None:  # without a task
            insides, proofs = await self.insides(facts, sealed), known
        else:
            insides, proofs = await beside(self.insides(facts, sealed), inquiry.finish())
        results = await senders.results(facts, proofs, insides.authors)
        judgement = senders.judge(facts, results)
        verdict = at_the_door(self._decide(sealed.scan, judgement.findings), recipients)
        domains = tuple(dict.fromkeys(each.recipient.domain.name for each in recipients))
        self._events.emit(sender_checked(facts, domains, results, judgement, verdict))
        if self._failures is not None:
            self._failures.note(facts, sealed.scan, results, verdict.action, recipients)
        if self._intake is not None and verdict.reply.is_positive and is_report(sealed.scan):
            await self._intake.read(sealed, facts.trace, results)
        found = msgspec.structs.replace(
            facts,
            results=results_field(self._hostname, founds(results)),
            chain=results.arc.status.value,
            is_junk=verdict.action is Action.JUNK,
            is_proven=facts.is_proven or proves(results, facts.reverse_path),
        )
        doubted = _doubted(results, insides)
        if doubted is not None and any(each.outside for each in recipients):
            doubted = await senders.with_kin(doubted, facts)
        return Looked(insides, found, verdict, doubted)


def _doubted(results: MessageResults, insides: Insides) -> Author | None:
    """RFC 9989 5.3: proven is what passes for every domain in From."""
    dmarc = results.dmarc
    if insides.poison is not None:  # nobody has read it
        return Author(problem=Problem.TOO_MANY)
    found = [each.result for each in dmarc.evaluations]
    is_proven = dmarc.author.problem is None and found and all(each is DmarcStatus.PASS for each in found)
    if is_proven:
        return None
    return dmarc.author
