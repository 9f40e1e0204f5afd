"""The one decision about a message, after all that was found about it and before it is delivered (design section 5).

A message is refused for its form, or for what findings ask; content comes with its own step and adds its findings here.
Pure: the same facts give the same verdict.
"""

from collections.abc import Sequence

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.model import reply
from skrytka.model.errors import Reason
from skrytka.model.limits import RECEIVED_MAX
from skrytka.model.reply import Reply
from skrytka.model.verdict import Action, Finding, Verdict

ACCEPT = Verdict(Action.ACCEPT, reply.ACCEPTED)
# What a finding asks, the strongest first; a finding of another reason only travels with the verdict.
_ASKED = {
    Reason.DMARC_REJECT: Action.REJECT,
    Reason.SPF_FAIL: Action.REJECT,
    Reason.SENDER_UNKNOWN: Action.DEFER,
    Reason.DMARC_QUARANTINE: Action.JUNK,
}


def decide(header: HeaderScan, findings: Sequence[Finding] = ()) -> Verdict:
    """What becomes of the message; the first rule that fits wins."""
    found = tuple(findings)
    if header.received_count >= RECEIVED_MAX:  # RFC 5321 6.3
        return Verdict(Action.REJECT, reply.MAIL_LOOP, Reason.MAIL_LOOP, found)
    if header.has_bare_newline:  # RFC 3030 3: BINARYMIME frees the body of lines, not the header
        return Verdict(Action.REJECT, reply.BARE_NEWLINE_DATA, Reason.BARE_NEWLINE, found, "in the header")
    if header.begins_folded:  # it would write into our Received or Authentication-Results
        return Verdict(Action.REJECT, reply.HEADER_BEGINS_FOLDED, Reason.BAD_SYNTAX, found)
    for reason, action in _ASKED.items():
        for each in found:
            if each.reason is reason:
                return Verdict(action, _reply(each), reason, found, each.domain)
    return Verdict(Action.ACCEPT, reply.ACCEPTED, findings=found) if found else ACCEPT


def _reply(finding: Finding) -> Reply:
    """Names the domain whose policy it is: its people have to know, and nobody learns a rule of ours from it."""
    match finding.reason:
        case Reason.DMARC_REJECT:
            return reply.dmarc_rejected(finding.domain)
        case Reason.SPF_FAIL:
            return reply.spf_failed(finding.domain, finding.explanation)
        case Reason.SENDER_UNKNOWN:
            return reply.SENDER_UNKNOWN
        case _:
            return reply.ACCEPTED
