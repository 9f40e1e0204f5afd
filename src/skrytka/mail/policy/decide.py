"""The one decision about a message, after all that was found about it and before it is delivered (design section 5).

In step 1a a message is refused only for its form; senders, content and policy come with their own steps and add their
findings here. Pure: the same facts give the same verdict.
"""

from collections.abc import Sequence

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.model import reply
from skrytka.model.errors import Reason
from skrytka.model.limits import RECEIVED_MAX
from skrytka.model.verdict import Action, Finding, Verdict

ACCEPT = Verdict(Action.ACCEPT, reply.ACCEPTED)


def decide(header: HeaderScan, findings: Sequence[Finding] = ()) -> Verdict:
    """What becomes of the message; the first rule that fits wins."""
    if header.received_count >= RECEIVED_MAX:  # RFC 5321 6.3
        return Verdict(Action.REJECT, reply.MAIL_LOOP, Reason.MAIL_LOOP, tuple(findings))
    if header.has_bare_newline:  # RFC 3030 3: BINARYMIME frees the body of lines, not the header
        return Verdict(Action.REJECT, reply.BARE_NEWLINE_DATA, Reason.BARE_NEWLINE, tuple(findings), "in the header")
    if header.begins_folded:  # it would write into our Received or Authentication-Results
        return Verdict(Action.REJECT, reply.HEADER_BEGINS_FOLDED, Reason.BAD_SYNTAX, tuple(findings))
    return Verdict(Action.ACCEPT, reply.ACCEPTED, findings=tuple(findings)) if findings else ACCEPT
