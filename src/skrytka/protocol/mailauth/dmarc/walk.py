"""The DNS tree walk: which record is that of a domain, and what its organizational domain is (RFC 9989 4.10)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.dmarc.record import Record, parse
from skrytka.protocol.mailauth.query import Check, Query

LABELS_MAX: Final = 7  # RFC 9989 4.10: of all names that are asked behind the first one, so eight queries at most


class LookupFailedError(Exception):
    """DNS did not say: there is no result now (RFC 9989 5.3.6)."""


class Found(NamedTuple):
    """A valid record and where it was."""

    domain: str
    record: Record


class TreeWalks:
    """All walks about one message; no name is asked for twice. Domains are A-labels in lower case."""

    def __init__(self) -> None:
        self._known: dict[str, Record | None] = {}

    def at(self, domain: str) -> Check[Record | None]:
        """The one record of this very domain; LookupFailedError."""
        if domain not in self._known:
            answer = yield Query(f"_dmarc.{domain}", "TXT")
            self._known[domain] = _only(answer)
        return self._known[domain]

    def walk(self, domain: str) -> Check[list[Found]]:
        """Records from the domain upwards, to the first that says what it is; LookupFailedError."""
        found: list[Found] = []
        for target in targets(domain):
            record = yield from self.at(target)
            if record is not None:
                found.append(Found(target, record))
                if record.psd != "u":
                    break
        return found

    def organizational(self, domain: str) -> Check[str]:
        """LookupFailedError."""
        found = yield from self.walk(domain)
        return organizational(domain, found)


def organizations(domains: Sequence[str]) -> Check[tuple[str, ...]]:
    """The organizational domain of each; where DNS does not say, the domain itself."""
    walks, found = TreeWalks(), []
    for domain in domains:
        try:
            found.append((yield from walks.organizational(domain)))
        except LookupFailedError:
            found.append(domain)
    return tuple(dict.fromkeys(found))


def targets(domain: str) -> list[str]:
    """The domain, then its parents, as far as they are asked."""
    labels = domain.split(".")
    most = min(len(labels) - 1, LABELS_MAX)
    return [domain, *(".".join(labels[-count:]) for count in range(most, 0, -1))]


def organizational(domain: str, found: Sequence[Found]) -> str:
    """From the records of a walk that began at the domain (RFC 9989 4.10.2)."""
    for each in found:
        if each.record.psd == "n":
            return each.domain
        if each.record.psd == "y" and each.domain != domain:
            below = domain.removesuffix(f".{each.domain}").rpartition(".")[2]
            return f"{below}.{each.domain}"
    return found[-1].domain if found else domain


def _only(answer: Answer | None) -> Record | None:
    """Several records are none (RFC 9989 4.10)."""
    if answer is None:
        raise LookupFailedError
    if answer.status is not Status.NOERROR:
        return None
    records = [record for text in answer.strings if (record := parse(text.decode("latin-1"))) is not None]
    return records[0] if len(records) == 1 else None
