"""What single failures say that others have told of (RFC 9991): added up by where they come from and what failed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

import msgspec

SHOWN: Final = 20


class FailureSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One report, as the event log has it."""

    domain: str
    sender: str
    is_proven: bool
    failure: str
    alignment: str = ""
    result: str = ""
    source_ip: str = ""
    at_s: int = 0
    mail_from: str = ""
    dkim_domain: str = ""
    dkim_selector: str = ""
    count: int = 1


class FailureSource(msgspec.Struct, frozen=True, kw_only=True):
    """Failures that are alike."""

    source_ip: str
    failure: str
    alignment: str  # what is not proven
    mail_from: str
    signature: str  # "selector._domainkey.domain", "" without one
    count: int


class FailureDigest(msgspec.Struct, frozen=True, kw_only=True):
    """Of one domain in From."""

    domain: str
    count: int
    unproven: int  # told by mail that may be anybody's: not counted in anything else
    tellers: tuple[str, ...]
    sources: tuple[FailureSource, ...]  # the most frequent first


def failure_digest(found: Iterable[FailureSeen]) -> list[FailureDigest]:
    """By domain."""
    by_domain: dict[str, list[FailureSeen]] = {}
    for each in found:
        by_domain.setdefault(each.domain, []).append(each)
    return [_digest(domain, by_domain[domain]) for domain in sorted(by_domain)]


def _digest(domain: str, found: list[FailureSeen]) -> FailureDigest:
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    proven = [each for each in found if each.is_proven]
    for each in proven:
        signature = f"{each.dkim_selector}._domainkey.{each.dkim_domain}" if each.dkim_domain else ""
        counts[each.source_ip, each.failure, each.alignment, each.mail_from, signature] += each.count
    return FailureDigest(
        domain=domain,
        count=sum(counts.values()),
        unproven=len(found) - len(proven),
        tellers=tuple(sorted({each.sender for each in proven})),
        sources=tuple(
            FailureSource(
                source_ip=address, failure=failure, alignment=alignment, mail_from=path, signature=key, count=count
            )
            for (address, failure, alignment, path, key), count in counts.most_common()
        ),
    )


class FailureWords(msgspec.Struct, frozen=True, kw_only=True):
    headline: str
    unproven: str
    source: str
    signature: str
    nothing: str
    more: str


ENGLISH: Final = FailureWords(
    headline="{domain}: {count} single messages that were not proven, told by {tellers}",
    unproven="{count} more are not counted: nothing proves that they are from whom they say.",
    source="{count} times from {address}: {failure}, not proven by {alignment}; reverse path of {path}{signature}",
    signature="; look at the key {signature}",
    nothing="nothing aligned",
    more="... and {count} further kinds.",
)
POLISH: Final = FailureWords(
    headline="{domain}: pojedyncze wiadomości niedowiedzione: {count}; zgłasza: {tellers}",
    unproven="Niepoliczone zgłoszenia: {count}; nic nie dowodzi, że są od tego, kogo podają.",
    source="{count} razy z {address}: {failure}, bez dowodu przez {alignment}; ścieżka zwrotna z {path}{signature}",
    signature="; zobacz klucz {signature}",
    nothing="nic zgodnego",
    more="... i dalszych rodzajów: {count}.",
)
LANGUAGES: Final[Mapping[Literal["en", "pl"], FailureWords]] = {"en": ENGLISH, "pl": POLISH}


def failure_text(found: FailureDigest, words: FailureWords) -> Iterator[str]:
    """Lines; what is in them may be a stranger's."""
    yield words.headline.format(domain=found.domain, count=found.count, tellers=", ".join(found.tellers) or "-")
    if found.unproven:
        yield words.unproven.format(count=found.unproven)
    for each in found.sources[:SHOWN]:
        signature = words.signature.format(signature=each.signature) if each.signature else ""
        yield "  " + words.source.format(
            count=each.count,
            address=each.source_ip or "?",
            failure=each.failure,
            alignment=each.alignment or words.nothing,
            path=each.mail_from or "<>",
            signature=signature,
        )
    if len(found.sources) > SHOWN:
        yield "  " + words.more.format(count=len(found.sources) - SHOWN)
