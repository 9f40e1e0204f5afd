"""The header fields that each recipient's copy begins with: Return-Path, Delivered-To, Received (RFC 5321 4.4).

Authentication-Results stands above Received, for it was added after that (RFC 8601 4.1).
They are sealed per account beside the shared blob. All parts are parsed values or our own words; HELO and the reverse
path, which the peer chose, hold no CR, LF or NUL by their types.
"""

from skrytka.mail.delivery.types import Transaction
from skrytka.model.address import Address
from skrytka.model.ids import id_text
from skrytka.protocol.smtp.received import date_text


def prefix_fields(facts: Transaction, recipient: Address, owner: Address, *, hostname: str) -> bytes:
    """For the copy of ``owner``, reached through ``recipient`` as RCPT TO named it.

    Being per recipient, ``for`` discloses nothing to others (RFC 5321 7.2).
    """
    return (
        f"Return-Path: <{facts.reverse_path}>\r\n"
        f"Delivered-To: {owner}\r\n"
        f"{facts.results}"
        f"{_received(facts, hostname)}"
        f"\t{_for(facts, recipient)}{_priority(facts)}; {date_text(facts.received_at_ms)}\r\n"
    ).encode()


def relayed_field(facts: Transaction, *, hostname: str) -> bytes:
    """The Received field of a copy that leaves: one for all recipients, so it names none (RFC 5321 7.2)."""
    said = _received(facts, hostname).removesuffix("\r\n")
    return f"{said}{_priority(facts)};\r\n\t{date_text(facts.received_at_ms)}\r\n".encode()


def _received(facts: Transaction, hostname: str) -> str:
    """Of a submission the client's name and address stay out: they would tell every recipient where the sender was.

    RFC 5321 4.4 wants "from" of SMTP; whoever may know finds it under the id in the event log.
    """
    by = f"by {hostname} with {facts.protocol}{_tls(facts)} id {id_text(facts.trace)}\r\n"
    if facts.is_submission:
        return f"Received: {by}"
    return f"Received: from {facts.helo} ({_literal(facts.remote)})\r\n\t{by}"


def _literal(remote: str) -> str:
    """RFC 5321 4.1.3; ``remote`` is canonical already."""
    return f"[IPv6:{remote}]" if ":" in remote else f"[{remote}]"


def _tls(facts: Transaction) -> str:
    return f" ({facts.tls})" if facts.tls else ""


def _priority(facts: Transaction) -> str:
    """RFC 6710 4.1 and 7."""
    return "" if facts.priority is None else f" PRIORITY {facts.priority}"


def _for(facts: Transaction, recipient: Address) -> str:
    """RFC 6531 3.7.3: no UTF-8 address in a message that did not come with SMTPUTF8."""
    return f"for <{recipient}>" if recipient.is_ascii or facts.is_smtputf8 else "(for an internationalised address)"
