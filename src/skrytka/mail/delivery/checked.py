"""The event of a message whose sender was looked at: all that a report to the domain in From needs (RFC 9990)."""

from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.delivery.types import Judgement, Transaction
from skrytka.model.errors import Reason
from skrytka.model.events import SenderChecked
from skrytka.model.verdict import Action, Verdict
from skrytka.protocol.mailauth.dkim.results import SignatureResult
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcStatus
from skrytka.protocol.mailauth.dmarc.record import Policy, Record
from skrytka.protocol.mailauth.message import MessageResults

ADDRESS_MAX: Final = 254  # characters of an address to report to (RFC 5321 4.5.3.1.3); a longer one is none
_DISPOSITIONS: Final = {Reason.DMARC_REJECT: "reject", Reason.DMARC_QUARANTINE: "quarantine"}


def sender_checked(
    facts: Transaction,
    recipient_domains: Sequence[str],
    results: MessageResults,
    judgement: Judgement,
    verdict: Verdict,
) -> SenderChecked:
    """What was found, which policy there is, and what was done."""
    spf, dmarc = results.spf, results.dmarc
    evaluation = dmarc.evaluation or (dmarc.evaluations[0] if dmarc.evaluations else None)
    done = "pass" if dmarc.result is DmarcStatus.PASS else "none"
    if verdict.reason is not None:
        done = _DISPOSITIONS.get(verdict.reason, done)
    override, comment = judgement.override, judgement.comment
    if done == "quarantine" and verdict.action is Action.REJECT:  # an alias would have passed it on
        done, override, comment = "reject", "local_policy", "not forwarded"
    event = SenderChecked(
        trace=facts.trace,
        remote=facts.remote,
        helo=str(facts.helo),
        reverse_path=str(facts.reverse_path),
        recipient_domains=tuple(recipient_domains),
        spf=spf.result if spf else "",
        spf_scope=spf.identity.scope if spf else "",
        spf_domain=spf.identity.domain if spf else "",
        spf_cause=(spf.cause or spf.mechanism) if spf else "",
        dkim=tuple(map(_signature, results.dkim)),
        arc=results.arc.status,
        arc_sealers=results.arc.sealers,
        from_problem=dmarc.author.problem or "",
        dmarc=dmarc.result,
        disposition=done,
        override=override,
        comment=comment,
    )
    return msgspec.structs.replace(event, **_policy(evaluation))


def _signature(found: SignatureResult) -> str:
    """Words without spaces, each a name and a value."""
    return (
        f"{found.result} d={found.domain} s={found.selector} a={found.algorithm} bits={found.key_bits}"
        f" reason={found.reason}"
    )


def _policy(found: Evaluation | None) -> dict[str, object]:
    if found is None:
        return {}
    aligned = found.is_aligned
    fields: dict[str, object] = {
        "header_from": found.author,
        "dmarc_spf": aligned["spf"],
        "dmarc_dkim": aligned["dkim"],
        "policy_domain": found.record_domain,
    }
    return fields if found.record is None else fields | _record(found.record)


def _record(record: Record) -> dict[str, object]:
    return {
        "p": record.policy.value,
        "sp": _value(record.subdomains),
        "np": _value(record.nonexistent),
        "adkim": "s" if record.is_dkim_strict else "r",
        "aspf": "s" if record.is_spf_strict else "r",
        "psd": record.psd,
        "fo": ":".join(sorted(record.failure_options)),
        "is_testing": record.is_testing,
        "rua": _addresses(record.aggregate_to),
        "ruf": _addresses(record.failure_to),
    }


def _value(policy: Policy | None) -> str:
    return "" if policy is None else policy.value


def _addresses(found: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in found if len(each) <= ADDRESS_MAX)
