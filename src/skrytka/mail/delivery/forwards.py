"""What aliases of ours lead to on other servers: who gets a copy there, and under whose name.

Each alias has its own copy in the queue, so that none tells of another. It says by which alias it came (Delivered-To),
and is refused when it comes back to it: a loop that passes us ends at its second turn, any other by counting Received
fields (RFC 5321 6.3).
"""

from collections.abc import Iterable, Sequence

import msgspec

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.reports import without_success
from skrytka.mail.delivery.types import Outgoing, Resolution
from skrytka.model.address import Address, ReversePath
from skrytka.model.envelope import Recipient
from skrytka.protocol.mailauth.author import Author, Problem


class Forward(msgspec.Struct, frozen=True):
    """A copy for all that one alias leads to; ``alias`` is who forwards, also for a report that goes back."""

    alias: Address
    recipients: tuple[Recipient, ...]
    is_return: bool = False


def forwards_of(resolutions: Iterable[Resolution], outgoing: Outgoing | None = None) -> list[Forward]:
    """Each address once, and none that the sender named himself."""
    seen = {each.address.key for each in outgoing.recipients} if outgoing is not None else set()
    found = []
    for each in resolutions:
        fresh = {address.key: address for address in each.outside if address.key not in seen}
        if fresh:
            seen |= fresh.keys()
            recipients = tuple(_recipient(each, address) for address in fresh.values())
            found.append(Forward(each.recipient, recipients, each.is_return))
    return found


def is_loop(header: HeaderScan, forwards: Sequence[Forward]) -> bool:
    """Whether one of these aliases has forwarded the message before."""
    aliases = {each.alias.key.encode() for each in forwards if not each.is_return}
    return any(
        field.partition(b":")[2].strip().lower() in aliases for name, field in header.fields if name == b"delivered-to"
    )


def may_be_forged(author: Author, forwards: Sequence[Forward], path: ReversePath, hostname: str) -> bool:
    """Whether From, which nobody proves, would pass for ours once it comes from here.

    Our signature, and SPF of a rewritten reverse path, are of the alias' domain; SPF of a null one is of our host name
    (RFC 7208 2.4). With From of the same domain, or of one above or below it, DMARC would pass for whoever wrote it.
    """
    if not forwards or author.problem is Problem.TOO_MANY:
        return bool(forwards)
    ours = {each.alias.domain.name for each in forwards}
    if path.is_null:
        home = hostname.lower().partition(".")[2]
        ours |= {hostname.lower(), home} if "." in home else {hostname.lower()}
    return any(_is_akin(domain, name) for domain in author.domains for name in ours)


def _is_akin(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def delivered_to(forward: Forward) -> bytes:
    """The field by which a loop is seen; "" for a report."""
    return b"" if forward.is_return else f"Delivered-To: {forward.alias.key}\r\n".encode()


def _recipient(resolution: Resolution, address: Address) -> Recipient:
    """RFC 3461 5.2.7: what the sender wants to hear goes with it; of a group he has heard that it was expanded."""
    asked = resolution.asked
    if asked is None or resolution.is_return:
        return Recipient(address)
    original = asked.original or (f"rfc822;{asked.address}" if asked.address.is_ascii else "")
    kept = without_success(asked) if resolution.is_group else asked
    return Recipient(address, kept.notify, original)
