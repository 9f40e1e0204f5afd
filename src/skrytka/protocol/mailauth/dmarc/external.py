"""Where reports about a domain may go: elsewhere only with the consent of whoever is there (RFC 9990 4).

Without that anybody could publish a policy that floods a stranger with reports.
"""

from collections.abc import Sequence
from typing import Final, Literal

from skrytka.model.address import Address, AddressError
from skrytka.model.dns import Status
from skrytka.protocol.mailauth.dmarc.record import Record, parse
from skrytka.protocol.mailauth.dmarc.walk import LookupFailedError, TreeWalks
from skrytka.protocol.mailauth.query import Check, Query

DESTINATIONS_MAX: Final = 5  # of a domain: each may take nine questions
_NAME_MAX: Final = 253


def destinations(domain: str, wanted: Sequence[str], kind: Literal["rua", "ruf"] = "rua") -> Check[tuple[Address, ...]]:
    """Those of the ``wanted`` addresses of a tag that are to have a report about the policy domain, each once.

    A name that DNS does not answer for now is left out: a report is not worth a second try.
    """
    walks = TreeWalks()
    found: list[Address] = []
    for text in wanted[:DESTINATIONS_MAX]:
        try:
            address = Address.parse(text)
        except AddressError:
            continue
        if address.domain.is_literal:
            continue
        try:
            found += yield from _confirmed(domain, address, walks, kind)
        except LookupFailedError:
            continue
    return tuple(dict.fromkeys(found))


def _confirmed(domain: str, address: Address, walks: TreeWalks, kind: str) -> Check[list[Address]]:
    host = address.domain.name
    if host == domain:
        return [address]
    ours = yield from walks.organizational(domain)
    theirs = yield from walks.organizational(host)
    if ours == theirs:
        return [address]
    name = f"{domain}._report._dmarc.{host}"
    if len(name) > _NAME_MAX:
        return []
    answer = yield Query(name, "TXT")
    if answer is None:
        raise LookupFailedError
    if answer.status is not Status.NOERROR:
        return []
    records = [record for each in answer.strings if (record := parse(each.decode("latin-1"))) is not None]
    return _overridden(address, records, kind) if records else []


def _overridden(address: Address, records: Sequence[Record], kind: str) -> list[Address]:
    """Steps 8 and 9: the tag there takes the place of ours; one that leads to a third host ends it."""
    named = [record.aggregate_to if kind == "rua" else record.failure_to for record in records]
    texts = [text for each in named for text in each][:DESTINATIONS_MAX]
    if not texts:
        return [address]
    try:
        found = [Address.parse(text) for text in texts]
    except AddressError:
        return []
    return found if all(each.domain == address.domain for each in found) else []
